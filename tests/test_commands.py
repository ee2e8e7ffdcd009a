"""The commands as people type them: what they print, and one clear error with status 2 for every wrong input."""

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT, assert_refused, reversal_pairs
from textrnn import commands, evaluate, generate, train, translate
from textrnn.commands import check_writable, run
from textrnn.config import TrainingConfig
from textrnn.errors import TextrnnError


def test_generate_prints_the_prompt_and_its_continuation(call, trained):
    _, directory, _ = trained
    status, output, error = call(generate, "The light", "--model", directory, "--seed", 7, "--max-tokens", 20)
    assert (status, error) == (0, "")
    assert output.startswith("The light")
    assert len(output) == len("The light") + 20 + 1
    assert call(generate, "The light", "--model", directory, "--seed", 7, "--max-tokens", 20)[1] == output


def test_generate_json_samples_and_explanations(call, trained):
    model, directory, _ = trained
    arguments = ["The", "It", "--model", directory, "--seed", 7, "--num-samples", 2, "--json", "--explain"]
    _, output, _ = call(generate, *arguments)
    results = json.loads(output)["results"]
    assert [result["prompt"] for result in results] == ["The", "The", "It", "It"]
    assert results[0]["text"] == model.generate("The", seed=7)
    assert len(results[0]["choices"]) == results[0]["num_tokens"] == 100
    assert len(results[0]["choices"][0]["alternatives"]) == 3
    _, output, _ = call(generate, "The", "--model", directory, "--explain", "--max-tokens", 4)
    assert output.count("%") >= 4 * 4
    _, output, _ = call(generate, "The", "--model", directory, "--memorisation")
    assert "longest span found" in output


def test_unknown_characters_are_reported_once(call, trained):
    _, directory, _ = trained
    status, output, error = call(generate, "\u65e5\u65e5", "--model", directory, "--max-tokens", 3)
    assert status == 0
    assert error.count("\u65e5") == 1
    assert output.startswith("\u65e5\u65e5")


def test_escapes_are_read_in_strings(call, trained):
    model, directory, _ = trained
    arguments = ["The", "--model", directory, "--seed", 7, "--max-tokens", 200]
    assert (
        call(generate, *arguments, "--stop", r"\n")[1]
        == model.generate("The", seed=7, max_tokens=200, stop="\n") + "\n"
    )
    assert generate.unescaped(r"a\tb\nc\\nd\q\\") == "a\tb\nc\\nd\\q\\"
    text = call(generate, *arguments, "--banned", r"\n", "--banned", "the", "--banned", "E")[1]
    assert text.count("\n") == 1
    assert not re.search(r"\b(the|e)\b", text.removeprefix("The"), re.IGNORECASE)
    assert_refused(call(generate, *arguments, "--banned", ""), "`banned` must hold strings that are not empty")


@pytest.fixture(scope="module")
def lines_model(tmp_path_factory):
    """A model of lines that has learned next to nothing, and the lines."""
    from textrnn import LanguageModel
    from textrnn.progress import Progress

    directory = tmp_path_factory.mktemp("lines")
    path = directory / "lines.txt"
    path.write_text("".join(f"{a}{b}\n" for a in "abcdefgh" for b in "abcdefgh"))
    model = LanguageModel(level="char", form="lines", units=(16,), embedding_dim=8)
    options = {"epochs": 60, "batch_size": 8, "warmup_steps": 1, "learning_rate": 0.02, "patience": 0, "seed": 1}
    model.fit(path, validation=path, progress=Progress(quiet=True), output=directory / "model", **options)
    return directory / "model", path


def test_documents_that_are_lines_are_printed_one_a_line(call, lines_model):
    directory, path = lines_model
    arguments = ["--model", directory, "--num-samples", 30, "--seed", 1]
    status, output, error = call(generate, *arguments, "--unique")
    assert (status, error) == (0, "")
    assert len(set(output.splitlines())) == 30
    known = set(path.read_text().splitlines())
    copied = sum(line in known for line in output.splitlines())
    report = call(generate, *arguments, "--unique", "--memorisation")[1].split("\n\n")[1]
    assert report.startswith(f"{copied} of 30 lines stand in the training text")
    status, output, error = call(generate, "a", *arguments, "--new-only", "--max-tokens", 1)
    assert status in (0, 2)  # two characters are seldom new
    assert "attempts" in error
    assert not known & set(output.splitlines())
    report = call(evaluate, "memorisation", path, "--model", directory)[1]
    assert report.startswith("64 of 64 lines stand in the training text; 64 words")
    content = json.loads(call(evaluate, "memorisation", path, "--model", directory, "--json")[1])
    assert (content["num_documents"], content["num_known_documents"]) == (64, 64)


def test_writing_together(call, trained, monkeypatch):
    model, directory, _ = trained

    def converse(typed, *arguments):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed)))
        return call(generate, *arguments, "--interactive", "--model", directory, "--seed", 1)

    words = model.next_words("The light")
    status, output, error = converse(b"1\n", "The light")
    assert (status, output) == (0, f"The light{words[0].text}\n")
    assert f"{100 * words[9].probability:.1f}%" in error
    assert converse(b"Marta\n 7\nboats\n\nnot read\n", "The light")[1] == "The light Marta 7 boats\n"
    assert converse(b"99\n", "The light")[1:][0] == "The light\n"
    assert converse(b"It\r\n+\n+\n")[1].startswith("It")
    assert len(converse(b"+\n", "It", "--max-tokens", 7)[1]) == len("It") + 7 + 1
    assert converse(b"", "It")[1] == "It\n"
    status, _, error = converse(b"caf\xe9\n", "It")
    assert status == 2
    assert "standard input, line 1, byte 4" in error
    assert_refused(converse(b"", "It", "--json"), "--interactive goes on from one typed prompt")
    assert_refused(converse(b"", "It", "Is"), "--interactive")


def test_standard_input_is_read_as_files_are(call, trained, monkeypatch):
    _, directory, _ = trained
    arguments = ["--model", directory, "--seed", 1, "--max-tokens", 9, "--json"]
    expected = call(generate, "It is\nso", *arguments)[1]
    for typed in (b"\xef\xbb\xbfIt is\r\nso\r\n", "It is\nso".encode("utf-16"), b"It is\nso\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed)))
        assert call(generate, "-", *arguments)[1] == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"It\ncaf\xe9\n")))
    assert_refused(call(generate, "-", *arguments), "standard input, line 2, byte 4")


def test_evaluate(call, trained, lighthouse):
    model, directory, _ = trained
    status, output, _ = call(evaluate, "perplexity", lighthouse, "--model", directory)
    assert status == 0
    assert output == f"{model.evaluate(lighthouse)}\n"
    content = json.loads(call(evaluate, "perplexity", lighthouse, "--model", directory, "--json")[1])
    assert content["bits_per_character"] == model.evaluate(lighthouse).bits_per_character
    assert "longest span" in call(evaluate, "memorisation", lighthouse, "--model", directory)[1]


SMALL = ("--level", "char", "--units", 8, "--embedding-dim", 8, "--batch-size", 4, "--length", 16)


def test_train_then_generate(call, lighthouse, tmp_path):
    (tmp_path / "story.txt.gz").write_bytes(gzip.compress(lighthouse.read_bytes()))
    (tmp_path / "config.json").write_text(json.dumps({"epochs": 7, "cell": "gru"}))
    output = tmp_path / "out"
    arguments = ["language-model", tmp_path / "story.txt.gz", "--output", output, *SMALL]
    status, printed, log = call(train, *arguments, "--config", tmp_path / "config.json", "--epochs", 1)
    assert (status, printed) == (0, "")
    assert "epoch 1: training loss" in log
    assert "validation tokens" in log
    assert "model saved" in log
    assert "\r" not in log  # plain lines where there is no terminal
    names = {path.name for path in output.iterdir()}
    assert {"config.json", "weights.safetensors", "checkpoint.safetensors", "history.csv", "loss.png"} <= names
    assert json.loads((output / "config.json").read_text())["network"]["cell"] == "gru"
    assert call(generate, "It", "--model", output, "--max-tokens", 5)[0] == 0
    status, _, log = call(train, *arguments, "--config", tmp_path / "config.json", "--epochs", 1, "--resume")
    assert status == 0
    assert "this run is finished" in log
    status, _, log = call(train, "language-model", "--output", output, "--epochs", 2, "--resume")
    assert status == 0
    assert "going on from the best weights" in log
    assert_refused(call(train, *arguments, "--cell", "lstm", "--resume"), "was made with cell='gru'")
    before = (output / "weights.safetensors").read_bytes()
    assert_refused(call(train, *arguments, "--epochs", 1), "holds an earlier run", "`overwrite`")
    assert (output / "weights.safetensors").read_bytes() == before
    missing = ["language-model", tmp_path / "missing.txt", *arguments[2:]]
    assert_refused(call(train, *missing, "--overwrite"), "missing.txt")
    assert (output / "checkpoint.safetensors").exists()
    assert call(train, *arguments, "--epochs", 1, "--overwrite")[0] == 0


def test_training_from_a_model(call, lighthouse, tmp_path, trained):
    arguments = ["language-model", lighthouse, "--output", tmp_path / "out", "--initial-model", trained[1]]
    assert call(train, *arguments, "--epochs", 1, "--length", 32)[0] == 0
    assert_refused(call(train, *arguments, "--units", 5), "`units` is fixed by --initial-model")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.txt", b"", ["empty.txt", "no text"]),
        ("white.txt", b"  \n \n", ["white.txt", "no text"]),
        ("latin.txt", b"fine\ncaf\xe9\n", ["latin.txt, line 2, byte 4", "--encoding"]),
        ("nul.txt", b"a\0b", ["nul.txt, line 1, byte 2"]),
        ("one.txt", b"a", ["text"]),
        ("binary.gz", b"\x1f\x8bxxxxxxxx", ["binary.gz", "cannot be read"]),
    ],
)
def test_train_refuses_what_is_not_text(call, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert_refused(call(train, "language-model", tmp_path / name, "--output", tmp_path / "out", *SMALL), *words)
    assert not (tmp_path / "out" / "weights.safetensors").exists()


def test_missing_files_and_hollow_directories(call, tmp_path, trained):
    (tmp_path / "hollow").mkdir()
    for path in (tmp_path / "missing.txt", tmp_path / "hollow"):
        assert_refused(call(train, "language-model", path, "--output", tmp_path / "out"), path.name)
        assert_refused(call(evaluate, "perplexity", path, "--model", trained[1]), path.name)


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        (train, ["language-modle", "x", "--output", "y"], ["Did you mean 'language-model'"]),
        (train, ["language-model", "x", "--output", "y", "--cell", "lsmt"], ["Did you mean 'lstm'"]),
        (train, ["language-model", "x", "--output", "y", "--level", "sub"], ["Did you mean 'subword'"]),
        (train, ["language-model", "x", "--output", "y", "--epochs", "many"], ["--epochs", "many"]),
        (train, ["language-model", "x", "--output", "y", "--optimizer", "sgd"], ["`optimizer`", "'adam'"]),
        (train, ["language-model", "x", "--output", "y", "--batchsize", "3"], ["Did you mean '--batch-size'"]),
        (train, ["language-model", "x"], ["--output"]),
        (train, ["language-model", "x", "--output", "y", "--config", "no.json"], ["no.json"]),
        (generate, ["x", "--temperature", "-1"], ["`temperature`", "-1"]),
        (generate, ["x", "--top-p", "nan"], ["`top_p`"]),
        (generate, ["x", "--num-samples", "0"], ["`num_samples`"]),
        (generate, ["x", "--model", "shakespear"], ["shakespear", "no such model"]),
        (generate, ["x", "--temprature", "1"], ["Did you mean '--temperature'"]),
        (evaluate, ["perplexty", "x", "--model", "y"], ["Did you mean 'perplexity'"]),
    ],
)
def test_wrong_options(call, tmp_path, monkeypatch, module, arguments, words, trained):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").write_text("some text\n" * 50)
    if module is generate and "--model" not in arguments:
        arguments = [*arguments, "--model", trained[1]]
    assert_refused(call(module, *arguments), *words)


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "tokenizer.json", "weights.safetensors"])
def test_incomplete_and_damaged_models(call, tmp_path, trained, name):
    broken = tmp_path / "model"
    shutil.copytree(trained[1], broken)
    content = (broken / name).read_bytes()
    (broken / name).write_bytes(content[: len(content) // 2])
    assert_refused(call(generate, "x", "--model", broken), name)
    (broken / name).unlink()
    assert_refused(call(generate, "x", "--model", broken), f"{name} is missing")


def test_help_describes_every_option(call):
    assert call(train, "--help")[1].count("translator") == 1
    status, output, _ = call(train, "language-model", "--help")
    assert status == 0
    for option in TrainingConfig.option_names():
        assert "--" + option.replace("_", "-") in output
    assert "Highest learning rate (default 0.002)." in output


def run_python(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **options)


def test_as_modules_and_as_one_command(trained, tmp_path):
    _, directory, _ = trained
    arguments = ["It", "--model", str(directory), "--seed", "1", "--max-tokens", "10"]
    module = run_python("-W", "error", "-m", "textrnn.generate", *arguments)
    assert (module.returncode, module.stderr) == (0, "")
    assert run_python("-m", "textrnn", "generate", *arguments).stdout == module.stdout
    assert "continue a prompt" in run_python("-m", "textrnn").stdout
    wrong = run_python("-m", "textrnn", "genrate")
    assert wrong.returncode == 2
    assert "Did you mean 'generate'" in wrong.stderr
    piped = run_python("-m", "textrnn.generate", "-", *arguments[1:], input="It\n")
    assert piped.stdout == module.stdout


@pytest.mark.parametrize("package", ["tensorflow", "keras"])
def test_training_without_tensorflow_says_so(call, lighthouse, tmp_path, monkeypatch, package):
    for name in [name for name in sys.modules if name.startswith("textrnn.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not there
    refused = call(train, "language-model", lighthouse, "--output", tmp_path / "out", *SMALL)
    assert_refused(refused, "training needs TensorFlow, which is not installed: pip install tensorflow")


def test_any_missing_package_is_named(capsys):
    def command(arguments):
        raise ModuleNotFoundError("No module named 'some.part'", name="some.part")

    assert commands.run(command) == 2
    assert capsys.readouterr().err == "error: this needs some, which is not installed: pip install some\n"


TYPED_TEXTS = [
    ("caf\u00e9", "caf\u00e9"),
    ("cafe\u0301\r\nx\r\n", "caf\u00e9\nx\n"),  # as files are read: NFC, and a newline ends a line
    (b"caf\xc3\xa9".decode("ascii", "surrogateescape"), "caf\u00e9"),  # as Python decodes it in the C locale
]


@pytest.mark.parametrize(("text", "expected"), TYPED_TEXTS)
def test_typed_text(text, expected, monkeypatch):
    assert commands.typed(text) == expected
    content = text.encode("utf-8", "surrogateescape")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "cp1252"))  # its encoding is not asked
    assert commands.read_prompt("-") == expected.removesuffix("\n")
    packed = io.BufferedReader(io.BytesIO(gzip.compress(content)))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(packed))
    assert commands.read_prompt("-") == expected.removesuffix("\n")


@pytest.mark.parametrize("text", ["caf\udce9", "\ud800"])
def test_typed_bytes_of_another_encoding(text):
    with pytest.raises(TextrnnError, match="not valid UTF-8, at character"):
        commands.typed(text)


def test_wrong_bytes_in_standard_input(trained):
    arguments = [sys.executable, "-m", "textrnn.generate", "-", "--model", str(trained[1])]
    for encoding in ("utf-8", "ascii", "latin-1"):
        run = subprocess.run(
            arguments, input=b"one\ncaf\xe9\n", capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}
        )
        assert run.returncode == 2
        assert run.stderr.startswith(b"error: standard input, line 2, byte 4: not valid utf-8.")
        assert len(run.stderr.splitlines()) == 1


def test_a_closed_pipe_ends_quietly(trained):
    _, directory, _ = trained
    command = f"{sys.executable} -m textrnn.generate It --model {directory} --max-tokens 3000 | head -c 10"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert result.stderr == ""
    assert len(result.stdout) == 10


def test_sigterm_leaves_a_checkpoint_and_a_curve(tmp_path, lighthouse):
    arguments = ["language-model", str(lighthouse), "--output", str(tmp_path / "out"), *map(str, SMALL)]
    with subprocess.Popen(
        [sys.executable, "-m", "textrnn.train", *arguments, "--epochs", "5000", "--patience", "0"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr:
            if line.startswith("epoch 2:"):
                process.terminate()
                break
        said = process.stderr.read()
        assert process.wait(timeout=20) == 143
    assert f"{tmp_path / 'out'}: has a checkpoint of the last step. The same command with --resume goes on" in said
    assert (tmp_path / "out" / "checkpoint.safetensors").exists()
    assert (tmp_path / "out" / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_translate(call, reverser, tmp_path, monkeypatch):
    _, directory, _ = reverser
    status, output, error = call(translate, "a b c", "d e", "--model", directory)
    assert (status, output, error) == (0, "c b a\ne d\n", "")
    _, output, _ = call(translate, "a b c", "--model", directory, "--num-best", 2, "--num-beams", 3)
    assert output.startswith("0 ||| c b a ||| ")
    assert len(output.splitlines()) == 2
    (result,) = json.loads(call(translate, "a b", "--model", directory, "--json")[1])["results"]
    assert result["source"] == "a b"
    assert result["translations"][0]["tokens"] == ["b", "a", "<eos>"]
    assert len(result["translations"][0]["attention"]) == 3
    assert "'b'" in call(translate, "a b", "--model", directory, "--explain")[1]
    assert call(translate, "a b c", "--model", directory, "--attention", tmp_path / "heat.png")[0] == 0
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
    assert call(translate, "a b", "--model", directory, "--model", directory)[1] == "b a\n"
    assert call(translate, "a b", "--model", directory, "--temperature", 0)[1] == "b a\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("a b\n\nc\n"))
    assert call(translate, "-", "--model", directory)[1] == "b a\n\nc\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a " * 1001], ["Sentence 1 has 1,001 tokens", "at most 1,000"]),
        (["a", "--num-beams", "0"], ["`num_beams`", "at least 1"]),
        (["a", "--num-best", "9"], ["`num_best`", "at most 5"]),
        (["a", "--length-penalty", "nan"], ["`length_penalty`"]),
        (["a", "--num-beam", "3", "--attention"], ["--attention"]),
        (["a", "b", "--attention", "heat.png"], ["--attention draws one translation"]),
        (["a", "--temperature", "1", "--num-beams", "3"], ["Choose one"]),
        (["a", "--model", "no-such"], ["no-such", "no such model"]),
        ([], ["text"]),
    ],
)
def test_translate_refuses(call, reverser, arguments, words):
    if "--model" not in arguments:
        arguments = [*arguments, "--model", reverser[1]]
    assert_refused(call(translate, *arguments), *words)


def test_models_of_the_other_kind(call, trained, reverser, lighthouse):
    assert_refused(call(translate, "a", "--model", trained[1]), "holds a 'language-model', not a 'translator'")
    assert_refused(call(generate, "a", "--model", reverser[1]), "holds a 'translator', not a 'language-model'")
    assert_refused(call(evaluate, "perplexity", lighthouse, "--model", reverser[1]), "'translator'")


TINY = ("--level", "word", "--encoder-units", 8, "--decoder-units", 8, "--embedding-dim", 8, "--epochs", 1)


def test_train_a_translator(call, tmp_path):
    pairs = ROOT / "corpora" / "eng-spa.tsv"
    output = tmp_path / "out"
    status, printed, log = call(train, "translator", pairs, "--output", output, *TINY, "--validation-fraction", 0.1)
    assert (status, printed) == (0, "")
    for part in ("training pairs", "BLEU", "sample: ", "model saved"):
        assert part in log
    assert call(translate, "Good morning.", "--model", output)[0] == 0
    columns = [line.split("\t") for line in pairs.read_text().splitlines()]
    for side, name in enumerate(("en", "es")):
        (tmp_path / name).write_text("".join(f"{column[side]}\n" for column in columns))
    files = ["--source", tmp_path / "en", "--target", tmp_path / "es"]
    checks = ["--validation", tmp_path / "en", "--validation-target", tmp_path / "es"]
    assert call(train, "translator", *files, *checks, "--output", output, *TINY, "--overwrite")[0] == 0
    started = ["--initial-model", output, "--epochs", 1]
    assert call(train, "translator", pairs, "--output", tmp_path / "on", *started, "--validation-fraction", 0.1)[0] == 0
    (tmp_path / "es").write_text("uno\n")
    assert_refused(call(train, "translator", *files, "--output", tmp_path / "no", *TINY), "100 lines", "1.")
    assert_refused(call(train, "translator", pairs, *files, "--output", tmp_path / "no"), "Pass one file")
    assert_refused(
        call(train, "translator", "--source", pairs, "--output", tmp_path / "no"), "both --source and --target"
    )
    assert_refused(
        call(train, "translator", tmp_path / "en", "--output", tmp_path / "no", *TINY), "en, line 1", "a tab"
    )


def test_evaluate_bleu(call, tmp_path):
    texts = {
        "hyp": "the cat sat on a mat .\nit is so\n",
        "ref": "the cat sat on the mat .\nit is so .\n",
        "ref2": "the cat sat on a mat .\nit is so\n",
        "src": "a b\na b c d\n",
        "base": "a dog\nno\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    hypotheses, references = tmp_path / "hyp", tmp_path / "ref"
    status, output, _ = call(evaluate, "bleu", hypotheses, "--references", references)
    assert status == 0
    for part in ("BLEU", "tok:13a", "chrF", "TER", "by NLTK", "note: "):
        assert part in output
    both = json.loads(call(evaluate, "bleu", hypotheses, "--references", references, tmp_path / "ref2", "--json")[1])
    assert both["scores"]["bleu"]["score"] == pytest.approx(100)
    more = ["--source", tmp_path / "src", "--by-length", "--plot", tmp_path / "plot.png", "--sentences"]
    _, output, _ = call(
        evaluate,
        "bleu",
        hypotheses,
        "--references",
        references,
        *more,
        "--baseline",
        tmp_path / "base",
        "--bootstrap",
        100,
    )
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    for part in ("2-2 words", "±", "p = "):
        assert part in output
    assert float(output.splitlines()[0]) == pytest.approx(48.89, abs=0.01)
    (tmp_path / "long").write_text("one\ntwo\nthree\n")
    refused = call(evaluate, "bleu", hypotheses, "--references", tmp_path / "long")
    assert_refused(refused, "2 hypotheses and 3 references")
    assert_refused(call(evaluate, "bleu", hypotheses, "--references", references, "--by-length"), "need --source")
    assert_refused(call(evaluate, "bleu", hypotheses), "--references")
    wrong = call(evaluate, "bleu", hypotheses, "--references", references, "--tokenize", "13b")
    assert_refused(wrong, "Did you mean '13a'")


def test_evaluate_a_translator(call, reverser, tmp_path):
    translator, directory, _ = reverser
    unseen = reversal_pairs(30, seed=7)
    expected = translator.evaluate(unseen.sources, unseen.targets, num_beams=2)
    assert expected.bleu.score > 98
    (tmp_path / "source").write_text("".join(f"{line}\n" for line in unseen.sources))
    (tmp_path / "reference").write_text("".join(f"{line}\n" for line in unseen.targets))
    files = ["--source", tmp_path / "source", "--references", tmp_path / "reference", "--model", directory]
    status, output, _ = call(
        evaluate, "translation", *files, "--save", tmp_path / "out", "--num-beams", 2, "--by-length"
    )
    assert status == 0
    assert output.startswith(str(expected))
    translated = translator.translate(unseen.sources, num_beams=2)
    assert (tmp_path / "out").read_text() == "".join(f"{line}\n" for line in translated)
    (tmp_path / "reference").write_text("a\n")
    assert_refused(call(evaluate, "translation", *files), "30 sources and 1 reference")


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("source.txt", {"read": ["references.txt", "source.txt"]}, "is read, and is not written over"),
        ("series.csv", {"is_picture": True}, "ends in .png or .svg"),
        ("missing/new.txt", {}, "a directory that is there"),
    ],
)
def test_what_is_not_written(tmp_path, monkeypatch, path, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source.txt").write_text("Hello.\n")
    with pytest.raises(TextrnnError, match=message):
        check_writable(path, **options)
    assert (tmp_path / "source.txt").read_text() == "Hello.\n"
    check_writable("new.txt", read=["source.txt", None])
    check_writable("new.PNG", is_picture=True)
    check_writable("new.svg", is_picture=True)


def test_a_models_own_config_is_no_config_of_options(tmp_path, capsys):
    (tmp_path / "config.json").write_text('\ufeff{"kind": "language-model", "network": {}}', encoding="utf-8")
    (tmp_path / "text.txt").write_text("The lamp is lit.\n" * 50)
    arguments = ["language-model", str(tmp_path / "text.txt"), "--output", str(tmp_path / "m")]
    assert run(train.command, [*arguments, "--config", str(tmp_path / "config.json")]) == 2
    assert "pass --initial-model" in capsys.readouterr().err


def test_an_output_without_a_name_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("The lamp is lit.\n" * 50)
    assert run(train.command, ["language-model", "text.txt", "--output", "", "--steps", "2"]) == 2
    assert "an unset variable" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]
