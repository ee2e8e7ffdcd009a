import runpy

from tests.conftest import ROOT


def test_the_commands_are_described_as_they_are():
    found = runpy.run_path(str(ROOT / "docs" / "commands.py"))
    assert found["PATH"].read_text(encoding="utf-8") == found["document"](), "run `python docs/commands.py`"
