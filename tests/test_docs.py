import runpy
import textwrap

from tests.conftest import ROOT
from textrnn import LanguageModel


def test_the_commands_are_described_as_they_are():
    found = runpy.run_path(str(ROOT / "docs" / "commands.py"))
    assert found["PATH"].read_text(encoding="utf-8") == found["document"](), "run `python docs/commands.py`"


def test_the_readme_shows_what_the_model_writes():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("With `--seed 7` it writes:\n\n")[2].partition("\nIn figures")[0]
    written = LanguageModel.load("shakespeare").generate("To be or not to", seed=7)
    assert written.startswith(textwrap.dedent(shown).strip())
