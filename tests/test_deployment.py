"""What runs without TensorFlow, as `docs/deployment/generate.txt` lists it; the images; completion by a real shell."""

import configparser
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.test_kinds import labelled, waves
from textrnn import Classifier, Forecaster, completion
from textrnn.commands import COMMANDS
from textrnn.config.kinds import KINDS

PLACE = ROOT / "docs" / "deployment"
LISTED = (PLACE / "generate.txt").read_text(encoding="utf-8").split()
ALLOWED = {re.match(r"[\w-]+", line).group() for line in LISTED}
# Lets a process import what Python brings, textrnn, and what is listed.
ALONE = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package not in sys.stdlib_module_names and package not in {ALLOWED | {"textrnn"}!r}:
            raise ModuleNotFoundError(f"No module named {{package!r}}", name=package)

sys.meta_path.insert(0, Missing())
from textrnn.commands import main
sys.argv[1:1] = []
sys.exit(main())
"""


def run_alone(*arguments):
    return subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, arguments)], cwd=ROOT, capture_output=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def models(trained, reverser, tmp_path_factory):
    """A directory with a model of each kind."""
    place = tmp_path_factory.mktemp("models")
    options = {"steps": 2, "progress": None}
    trained[0].save(place / "language-model")
    reverser[0].save(place / "translator")
    texts, labels = zip(*labelled(40, seed=1), strict=True)
    Classifier(level="word", units=(4,), embedding_dim=4).fit(list(texts), list(labels), **options).save(
        place / "classifier"
    )
    Forecaster(horizon=3, lookback=16, units=(4,)).fit(waves(120, 1), **options).save(place / "forecaster")
    return place


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["generate", "To be or not to", "--seed", "7", "--max-tokens", "5"], "To be or not to"),
        (["translate", "I am a student"], "Soy estudiante."),
        (["generate", "The", "--model", "{models}/language-model", "--max-tokens", "5", "--explain"], "The"),
        (["translate", "a b c", "--model", "{models}/translator"], ""),
        (["classify", "the boat came home", "--model", "{models}/classifier", "--explain"], "boat"),
        (["forecast", "--model", "{models}/forecaster"], "+3"),
        (["evaluate", "perplexity", "corpora/lighthouse.txt", "--model", "shakespeare"], "bits per character"),
        (["--version"], "textrnn"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_model_runs_with_the_packages_that_are_listed(models, arguments, expected):
    done = run_alone(*(argument.format(models=models) for argument in arguments))
    assert (done.returncode, done.stderr) == (0, "")
    assert expected in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "language-model", "corpora/lighthouse.txt", "--output", "{place}/out"],
        ["train", "translator", "--source", "a", "--target", "b", "--output", "{place}/out"],
        ["forecast", "{place}/series.csv", "--horizon", "3"],
    ],
)
def test_training_says_in_one_sentence_what_to_install(tmp_path, arguments):
    done = run_alone(*(argument.format(place=tmp_path) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: training needs TensorFlow, .*: pip install tensorflow, .*\n", done.stderr)
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_called_as_it_is_installed(tmp_path):
    done = run_alone("export", "shakespeare", "--to", tmp_path / "page.html")
    assert done.stderr == "error: this needs protobuf, which is not installed: pip install protobuf\n"


def test_the_list_is_a_part_of_what_textrnn_needs_and_is_used_everywhere():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(LISTED) <= set(setup["options"]["install_requires"].split())
    for path in (ROOT / "README.md", PLACE / "generate.Dockerfile"):
        assert "--no-deps" in path.read_text(encoding="utf-8")
        assert "docs/deployment/generate.txt" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["generate", "train"])
def test_an_image_is_made_of_what_is_there(name):
    """Docker is not asked, which is seldom there: files that are copied are not ignored, and the commands exist."""
    lines = (PLACE / f"{name}.Dockerfile").read_text(encoding="utf-8").splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert {word for word, _ in instructions} <= {
        "FROM", "ARG", "COPY", "WORKDIR", "RUN", "ENV", "USER", "STOPSIGNAL", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    assert [rest for word, rest in instructions if word == "ENTRYPOINT"] == ['["python", "-m", "textrnn"]']
    ignored = (PLACE / f"{name}.Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for needed in ("setup.cfg", "README.md", "LICENSE", "textrnn", "docs"):
        assert (ROOT / needed).exists()
        assert needed not in ignored
    for command in re.findall(r"textrnn(?:-\w+)? (\w+)", "\n".join(line for line in lines if "docker run" in line)):
        assert command in COMMANDS


# The workflow


def test_the_workflow_runs_every_python_that_textrnn_is_for():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    pythons = re.search(r"python: \[(.*)\]", text).group(1)
    assert re.findall(r"3\.\d+", pythons) == re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"])
    assert "run: .ci/run" in text
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# Completion

pytest.importorskip("argcomplete")
BASH = shutil.which("bash")
COMPLETE = """
eval "$(python -m textrnn completion bash)"
COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9
read -ra COMP_WORDS <<< "$1"
[[ "$1" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_python_argcomplete textrnn
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """Returns a function that asks bash how a line may go on."""
    programs = tmp_path_factory.mktemp("programs")
    for name, call in (("textrnn", "-m textrnn"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    variables = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def replies(line):
        done = subprocess.run(
            [BASH, "-c", COMPLETE, "bash", line], cwd=ROOT, env=variables, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return [reply.strip() for reply in done.stdout.splitlines() if reply.strip()]

    return replies


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("textrnn gen", ["generate"]),
        ("textrnn ", list(COMMANDS)),
        ("textrnn train ", list(KINDS)),
        ("textrnn generate --temp", ["--temperature"]),
        ("textrnn generate --model shake", ["shakespeare"]),
        ("textrnn generate --model s", ["shakespeare", "spa-eng"]),
        ("textrnn train language-model --cell ", ["gru", "lstm", "simple_rnn"]),
        ("textrnn train language-model --output out --device ", ["cpu", "gpu"]),
        ("textrnn evaluate perplexity LIC", ["LICENSE"]),
        ("textrnn completion f", ["fish"]),
        ("textrnn nothing --x", []),
    ],
)
def test_bash_completes(shell, line, expected):
    assert sorted(shell(line)) == sorted(expected)


@pytest.mark.parametrize("name", completion.SHELLS)
def test_every_shell_gets_a_script(name, capsys):
    completion.command([name])
    assert "textrnn" in capsys.readouterr().out


def test_every_command_can_be_completed():
    for name in COMMANDS:
        for kind, _, parser in completion.parsers(name):
            found, left_out = completion.parser_for([name, kind, "-"] if kind else [name, "-"])
            assert left_out == (2 if kind else 1)
            assert [action.option_strings for action in found._actions] == [a.option_strings for a in parser._actions]
    destinations = {
        action.dest for name in COMMANDS for *_, parser in completion.parsers(name) for action in parser._actions
    }
    assert {*completion.WORDS, *completion.MODELS} <= destinations
