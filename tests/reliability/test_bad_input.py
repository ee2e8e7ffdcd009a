"""Promise 11: whatever is wrong with the input, status 2 and at most three lines that name file, place and cause.

Promise 12: lines are counted as `wc -l` counts them, but in files without any newline.
"""

import os
import shutil
import subprocess
import unicodedata

import pytest

from tests.conftest import assert_refused
from textrnn import TextrnnError, commands, evaluate, generate, train, translate
from textrnn.preprocessing import corpora, pairs

TEXT = "The lamp is lit.\nThe sea is calm.\n" * 30


def arguments_of(name, path, good, tmp_path, trained, reverser):
    """Returns a command that reads `path` in one of its places, and good files in the others."""
    output = tmp_path / "out"
    small = ("--level", "char", "--units", 8, "--embedding-dim", 8, "--epochs", 1, "--batch-size", 2, "--length", 8)
    return {
        "train language-model": (train, ["language-model", path, "--output", output, *small]),
        "train --validation": (train, ["language-model", good, "--validation", path, "--output", output, *small]),
        "train translator": (train, ["translator", path, "--output", output]),
        "train --source": (train, ["translator", "--source", path, "--target", good, "--output", output]),
        "train --target": (train, ["translator", "--source", good, "--target", path, "--output", output]),
        "perplexity": (evaluate, ["perplexity", path, "--model", trained[1]]),
        "memorisation": (evaluate, ["memorisation", path, "--model", trained[1]]),
        "bleu": (evaluate, ["bleu", path, "--references", good]),
        "bleu --references": (evaluate, ["bleu", good, "--references", path]),
        "bleu --source": (evaluate, ["bleu", good, "--references", good, "--source", path, "--by-length"]),
        "bleu --baseline": (evaluate, ["bleu", good, "--references", good, "--baseline", path]),
        "translation": (
            evaluate,
            ["translation", "--source", path, "--references", good, "--model", reverser[1]],
        ),
    }[name]


PLACES = [
    *("train language-model", "train --validation", "train translator", "train --source", "train --target"),
    *("perplexity", "memorisation", "bleu", "bleu --references", "bleu --source", "bleu --baseline", "translation"),
]

UNREADABLE = {
    "missing": (None, ["no such file"]),
    "empty": (b"", ["no text"]),
    "white": (b" \n\t \n\n", ["no text"]),
    "latin-1": (b"fine\tgut\nalso\tauch\nun\tcaf\xe9\n", ["line 3, byte 7", "--encoding"]),
    "cp1252": (b"fine\tgut\nit\x92s\tdas ist\n", ["line 2, byte 3", "--encoding", "cp1252"]),
    "utf-16 without its mark": ("The\tlamp\n".encode("utf-16-le"), ["line 1, byte 2", "--encoding utf-16-le"]),
    "half of utf-16": ("The\tlamp\n".encode("utf-16")[:-1], ["line 1, byte", "not valid utf-16"]),
    "nul": (b"fine\tgut\nnot\0\tfine\n", ["line 2, byte 4", "NUL"]),
    "binary": (bytes(range(256)) * 20, ["line 1"]),
    "gzip of nothing": (b"\x1f\x8b\x08\x00", ["cannot be read"]),
    "zip of nothing": (b"PK\x03\x04", ["cannot be read"]),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", UNREADABLE)
def test_files_that_are_no_text(call, tmp_path, trained, reverser, place, kind):
    content, words = UNREADABLE[kind]
    path, good = tmp_path / f"bad-{kind}.{'gz' if 'gzip' in kind else 'txt'}", tmp_path / "good.txt"
    good.write_text(TEXT)
    if content is not None:
        path.write_bytes(content)
    module, arguments = arguments_of(place, path, good, tmp_path, trained, reverser)
    assert_refused(call(module, *arguments), path.name, *words)
    assert not (tmp_path / "out" / "weights.safetensors").exists()


@pytest.mark.parametrize("place", PLACES)
def test_directories_without_text_and_files_without_permission(call, tmp_path, trained, reverser, place):
    (tmp_path / "hollow").mkdir()
    good = tmp_path / "good.txt"
    good.write_text(TEXT)
    module, arguments = arguments_of(place, tmp_path / "hollow", good, tmp_path, trained, reverser)
    assert_refused(call(module, *arguments), "hollow")
    locked = tmp_path / "locked.txt"
    locked.write_text(TEXT)
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # the superuser reads everything
        module, arguments = arguments_of(place, locked, good, tmp_path, trained, reverser)
        assert_refused(call(module, *arguments), "locked.txt", "cannot be read")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("one line without a tab\n", ["line 1", "tab"]),
        ("\tleer\nleer\t  \n", ["left out 2 of 2 pairs", "line 1", "Each sentence needs its translation"]),
        ("good\tgut\n" * 3, ["3 pairs", "fewer than two different source sentences"]),
        ("12\tgut\n15\tbesser\n", ["column 1 holds numbers", "--columns"]),
        ("a\tb\n", ["1 pair "]),
    ],
)
def test_pairs_that_are_none(call, tmp_path, content, words):
    path = tmp_path / "pairs.tsv"
    path.write_text(content)
    assert_refused(call(train, "translator", path, "--output", tmp_path / "out"), *words)


def test_unequal_counts_name_both(call, tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    (tmp_path / "b.txt").write_text("eins\nzwei\n")
    two = ["--source", tmp_path / "a.txt", "--target", tmp_path / "b.txt"]
    assert_refused(call(train, "translator", *two, "--output", tmp_path / "out"), "a.txt", "b.txt", "3", "2")
    assert_refused(call(evaluate, "bleu", tmp_path / "a.txt", "--references", tmp_path / "b.txt"), "3", "2")


def numeric_options(monkeypatch, module, *kind):
    """Returns the numeric options of a command, from its own parser."""
    found = []

    def stop(parser, *arguments):
        found.extend(action for action in parser._actions if action.type in (int, float))
        raise TextrnnError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(commands.Parser, "parse_args", stop)
        commands.run(module.command, [*kind, "x"])
    return {action.option_strings[0]: action for action in found}


COMMANDS = {
    "generate": (generate, ["The lamp", "--model", "TRAINED"]),
    "translate": (translate, ["a b", "--model", "REVERSER"]),
    "train language-model": (train, ["language-model", "GOOD", "--output", "OUT"]),
    "train translator": (train, ["translator", "GOOD", "--output", "OUT"]),
    "evaluate perplexity": (evaluate, ["perplexity", "GOOD", "--model", "TRAINED"]),
    "evaluate bleu": (evaluate, ["bleu", "GOOD", "--references", "GOOD"]),
    "evaluate translation": (
        evaluate,
        ["translation", "--source", "GOOD", "--references", "GOOD", "--model", "REVERSER"],
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("value", ["-7", "nan", "inf", "1" + "0" * 40, "many", ""])
def test_numbers_out_of_range(call, capsys, monkeypatch, tmp_path, trained, reverser, command, value):
    module, arguments = COMMANDS[command]
    good = tmp_path / "good.txt"
    good.write_text("a b\tb a\n" * 50 if "translator" in command else TEXT)
    places = {"TRAINED": trained[1], "REVERSER": reverser[1], "GOOD": good, "OUT": tmp_path / "out"}
    arguments = [places.get(argument, argument) for argument in arguments]
    kind = [arguments[0]] if module in (train, evaluate) else []
    options = numeric_options(monkeypatch, module, *kind)
    capsys.readouterr()
    for name in options:
        result = call(module, *arguments, f"{name}={value}")
        assert_refused(result)
        plain = name.removeprefix("--").replace("-", "_")
        assert name in result[2] or plain in result[2], (name, result)
    assert options or command == "evaluate perplexity"


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "tokenizer.json", "weights.safetensors"])
@pytest.mark.parametrize("kind", ["language-model", "translator"])
def test_a_model_without_one_of_its_files(call, tmp_path, trained, reverser, name, kind):
    directory = tmp_path / "model"
    shutil.copytree((trained if kind == "language-model" else reverser)[1], directory)
    name = name if (directory / name).exists() else f"source_{name}"
    (directory / name).unlink()
    module = generate if kind == "language-model" else translate
    assert_refused(call(module, "a b", "--model", directory), f"{name} is missing")
    (tmp_path / "good.txt").write_text(TEXT)
    text = tmp_path / "good.txt"
    if kind == "language-model":
        assert_refused(call(evaluate, "perplexity", text, "--model", directory), f"{name} is missing")
        arguments = ["language-model", text, "--initial-model", directory, "--output", tmp_path / "out"]
        assert_refused(call(train, *arguments), f"{name} is missing")
    else:
        arguments = ["--source", text, "--references", text, "--model", directory]
        assert_refused(call(evaluate, "translation", *arguments), f"{name} is missing")


def test_models_of_the_other_kind(call, tmp_path, trained, reverser):
    good = tmp_path / "good.txt"
    good.write_text(TEXT)
    words = ("holds a",)
    assert_refused(call(generate, "x", "--model", reverser[1]), *words)
    assert_refused(call(translate, "x", "--model", trained[1]), *words)
    assert_refused(call(evaluate, "perplexity", good, "--model", reverser[1]), *words)
    translation = ["translation", "--source", good, "--references", good]
    assert_refused(call(evaluate, *translation, "--model", trained[1]), *words)
    for kind, model in (("language-model", reverser), ("translator", trained)):
        arguments = [kind, good, "--initial-model", model[1], "--output", tmp_path / "out"]
        assert_refused(call(train, *arguments), *words)


PROMPTS = {
    "nothing": "",
    "white space": "  \n\t ",
    "unknown only": "漢字かな",
    "control characters": "a\x07b\x1b[31mc\x7f",
    "right to left": "שלום עולם مرحبا",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈",
    "combining marks, composed": "caf\u00e9",
    "combining marks, decomposed": "cafe\u0301",
    "line separators": "a\u2028b\u0085c\x0bd\re",
    "100,000 characters": "The lamp is lit. " * 6000,
    "one character": "T",
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_any_text_can_be_a_prompt(call, trained, reverser, prompt):
    status, output, error = call(generate, prompt, "--model", trained[1], "--max-tokens", 5, "--seed", 1)
    assert (status, "Traceback" in error) == (0, False)
    assert error.count("\n") <= 1
    assert output.startswith(prompt)
    if len(prompt) > 10_000:
        assert_refused(call(translate, prompt, "--raw", "--model", reverser[1]), "tokens")
        assert call(translate, prompt[:5_000], "--model", reverser[1])[0] == 0  # sentence by sentence
    else:
        status, output, error = call(translate, prompt, "--model", reverser[1])
        assert (status, output.count("\n"), "Traceback" in error) == (0, 1, False)


def test_both_normal_forms_are_the_same_text(call, trained):
    results = [
        unicodedata.normalize("NFC", call(generate, prompt, "--model", trained[1], "--max-tokens", 9, "--seed", 1)[1])
        for prompt in ("caf\u00e9", "cafe\u0301")
    ]
    assert results[0] == results[1]


def test_places_that_cannot_be_written_are_known_before_the_work(call, tmp_path, reverser):
    good = tmp_path / "good.txt"
    good.write_text("a b\n" * 3)
    places = (("--save", tmp_path / "no" / "x.txt", "cannot be written"), ("--plot", tmp_path, "is a directory"))
    for option, value, message in places:
        arguments = ["translation", "--source", good, "--references", good, "--model", reverser[1], option, value]
        assert_refused(call(evaluate, *arguments), str(value), message)
    attention = ["a b", "--model", reverser[1], "--attention", tmp_path / "no" / "x.png"]
    assert_refused(call(translate, *attention), "x.png: cannot be written")


LINES = "one\u2028still\ntwo\u0085still\nthree\x0bstill\x0cstill\nfour\rstill\nfive\r\nsix without an end"


def test_lines_are_counted_as_wc_counts_them(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes(LINES.encode())
    counted = int(subprocess.run(["wc", "-l", str(path)], capture_output=True, text=True).stdout.split()[0])
    lines = list(corpora.read(path).lines())
    assert len(lines) == counted + 1 == 6  # wc counts line ends; the last line here has none
    assert lines[4] == "five"
    assert [line.split()[0][:3] for line in lines] == ["one", "two", "thr", "fou", "fiv", "six"]
    path.write_bytes((LINES + "\n").encode())
    assert len(list(corpora.read(path).lines())) == counted + 1
    both = pairs.read(path, path)
    assert len(both.sources) == counted + 1


def test_carriage_returns_end_lines_only_where_there_is_no_newline(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes(b"one\rtwo\r\rfour")
    assert list(corpora.read(path).lines()) == ["one", "two", "", "four"]
    path.write_bytes(b"one\rtwo\r\rfour\n")
    assert list(corpora.read(path).lines()) == ["one\rtwo\r\rfour"]
