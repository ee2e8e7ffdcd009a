"""`textrnn compress` as people type it: the table, what it refuses, and what it leaves alone."""

import json
import re
import shutil

import numpy as np
import pytest

from tests.conftest import assert_refused
from textrnn import LanguageModel, Translator, compress, storage
from textrnn.tasks import compression
from textrnn.tasks.compression import Compression, Measures
from textrnn.weights import is_matrix


def column(output, name):
    """Returns the figures of a row of the table, before and after."""
    (line,) = [line for line in output.splitlines() if line.startswith(name)]
    return [float(value.replace(",", "").rstrip("%")) for value in line[len(name) :].split()]


@pytest.mark.parametrize(("weight_format", "bits"), [("float16", 0.001), ("int8", 0.01), ("int4", 0.2)])
def test_the_table(call, trained, lighthouse, tmp_path, weight_format, bits):
    model, directory, _ = trained
    arguments = [directory, lighthouse, "--output", tmp_path / "small", "--weight-format", weight_format]
    status, output, error = call(compress, *arguments)
    assert (status, error) == (0, "")
    assert output.splitlines()[0].split() == ["before", "after"]
    before, after = column(output, "bits per character")
    assert before == pytest.approx(model.evaluate(lighthouse).bits_per_character, abs=1e-4)
    smaller = LanguageModel.load(tmp_path / "small")
    assert after == pytest.approx(smaller.evaluate(lighthouse).bits_per_character, abs=1e-4)
    assert after == pytest.approx(before, abs=bits)
    sizes = column(output, "size in MB")
    expected = [sum(storage.stored_sizes(place).values()) / 1e6 for place in (directory, tmp_path / "small")]
    assert sizes == pytest.approx(expected, abs=0.01)
    weights = column(output, "weights in MB")
    assert weights[1] < {"float16": 0.6, "int8": 0.4, "int4": 0.3}[weight_format] * weights[0] + 0.01
    assert min(column(output, "tokens a second")) > 10
    assert smaller.facts == model.facts


def test_without_data_nothing_is_scored_and_json_has_all(call, trained, tmp_path):
    status, output, _ = call(compress, trained[1], "--output", tmp_path / "small", "--json")
    content = json.loads(output)
    assert status == 0
    assert (content["score_name"], content["before"]["score"], content["unit"]) == (None, None, "tokens")
    assert content["after"]["weight_bytes"] < content["before"]["weight_bytes"]
    assert json.loads((tmp_path / "small" / "manifest.json").read_text())["weight_format"] == "int8"


def test_a_table_by_hand():
    sides = Measures(9_710_000, 7_290_000, 0.0, 1512.4, 1.92371), Measures(3_650_000, 1_230_000, 0.8, 1508.0, 1.93)
    assert str(Compression(*sides, "tokens", "bits per character", ("take care",))) == (
        "                        before       after\n"
        "size in MB                9.71        3.65\n"
        "weights in MB             7.29        1.23\n"
        "zeros in matrices           0%         80%\n"
        "tokens a second          1,512       1,508\n"
        "bits per character      1.9237      1.9300\n"
        "note: take care"
    )


def test_pruning_reaches_the_share_and_scores_on_other_text(call, trained, lighthouse, tmp_path):
    arguments = ["--prune", 0.8, "--steps", 30, "--weight-format", "int8"]
    status, output, log = call(compress, trained[1], lighthouse, "--output", tmp_path / "small", *arguments)
    assert status == 0
    assert "validation loss" in log
    assert column(output, "zeros in matrices")[1] >= 80
    assert "note: the score is that of the data which pruning trained on" in output
    weights = LanguageModel.load(tmp_path / "small").weights
    for name, weight in weights.items():
        assert not is_matrix(name) or (weight == 0).mean() > 0.79
    dense = tmp_path / "dense"
    call(compress, trained[1], "--output", dense)
    sizes = [(place / "weights.safetensors").stat().st_size for place in (tmp_path / "small", dense)]
    assert sizes[0] < 0.7 * sizes[1]
    other = tmp_path / "other.txt"
    other.write_text("The light was lit, and the boats came home.\n" * 30)
    arguments += ["--overwrite", "--test", other]
    status, output, _ = call(compress, trained[1], lighthouse, "--output", tmp_path / "small", *arguments)
    notes = [line for line in output.splitlines() if line.startswith("note: ")]
    assert (status, len(notes)) == (0, 1)  # not that the score is of the data which pruning trained on
    assert re.fullmatch(
        r"note: bits per character: \d+% worse. Less to prune, or a longer training, loses less", notes[0]
    )
    expected = LanguageModel.load(trained[1]).evaluate(other).bits_per_character
    assert column(output, "bits per character")[0] == pytest.approx(expected, abs=1e-4)


def test_files_of_others_stay(call, trained, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "history.csv").write_text("mine")
    refused = call(compress, trained[1], "--output", tmp_path / "mine")
    assert_refused(refused, "holds history.csv but no model, and is left alone")
    assert (tmp_path / "mine" / "history.csv").read_text() == "mine"


def test_what_is_lost_is_said(call, trained, lighthouse, tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "WORTH_SAYING", -1.0)
    output = call(compress, trained[1], lighthouse, "--output", tmp_path / "m", "--weight-format", "int4")[1]
    assert "% worse. A `weight_format` of more bits loses less" in output


def test_a_translator(call, reverser, tmp_path):
    (tmp_path / "pairs.tsv").write_text("a b c\tc b a\nh d\td h\ne f g a b\tb a g f e\n" * 4)
    status, output, error = call(compress, reverser[1], tmp_path / "pairs.tsv", "--output", tmp_path / "small")
    assert (status, error) == (0, "")
    before, after = column(output, "BLEU")
    assert after == pytest.approx(before, abs=3) == 100
    assert Translator.load(tmp_path / "small").translate("a b c") == "c b a"
    for name, side in (("en", "a b c\n"), ("es", "c b a\n")):
        (tmp_path / name).write_text(4 * side)
    files = [tmp_path / "en", tmp_path / "es"]
    assert "BLEU" in call(compress, reverser[1], *files, "--output", tmp_path / "small", "--overwrite")[1]
    refused = call(compress, reverser[1], *files, tmp_path / "pairs.tsv", "--output", tmp_path / "no")
    assert_refused(refused, "one file of pairs, or a file of sentences and one of their translations")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--weight-format", "int-8"], ["`weight_format`", "Did you mean 'int8'"]),
        (["--prune", 0.5], ["pass the data to train on"]),
        (["--prune", 1], ["`prune`", "at least 0 and below 1", "1.0"]),
        (["--prune", -0.1], ["`prune`"]),
        (["--prune", "nan"], ["`prune`"]),
        (["--steps", 5], ["`steps` says how long pruning trains"]),
        (["--text", "review"], ["The data of a language-model has no option `text`", "encoding"]),
    ],
)
def test_wrong_options(call, trained, tmp_path, arguments, words):
    assert_refused(call(compress, trained[1], "--output", tmp_path / "small", *arguments), *words)
    assert not (tmp_path / "small").exists()


def test_data_and_models_that_are_missing(call, trained, tmp_path):
    output = ["--output", tmp_path / "small"]
    assert_refused(call(compress, trained[1], tmp_path / "missing.txt", *output), "missing.txt", "no such file")
    assert_refused(call(compress, trained[1], *output, "--test", tmp_path / "missing.txt"), "missing.txt")
    assert_refused(call(compress, tmp_path / "nothing", *output), "no such model")
    assert_refused(call(compress, trained[1]), "--output")
    assert not (tmp_path / "small").exists()
    assert_refused(call(compress, trained[1], tmp_path / "no.txt", "--output", tmp_path / "new" / "small"), "no.txt")
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_output_is_safe(call, trained, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(trained[1], model)
    content = (model / "weights.safetensors").read_bytes()
    for more in ([], ["--overwrite"]):
        assert_refused(call(compress, model, "--output", model, *more), "holds the model itself")
        assert_refused(call(compress, model, "--output", tmp_path / "x" / ".." / "model", *more), "model")
    other = tmp_path / "other"
    shutil.copytree(trained[1], other)
    assert_refused(call(compress, model, "--output", other), "holds a model already", "`overwrite`")
    assert (model / "weights.safetensors").read_bytes() == (other / "weights.safetensors").read_bytes() == content
    assert call(compress, model, "--output", other, "--overwrite")[0] == 0
    assert len((other / "weights.safetensors").read_bytes()) < len(content)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "config.json").write_text("mine")
    assert_refused(call(compress, model, "--output", foreign), "holds config.json but no model")
    assert [path.name for path in foreign.iterdir()] == ["config.json"]
    assert (foreign / "config.json").read_text() == "mine"
    (tmp_path / "file").write_text("")
    assert_refused(call(compress, model, "--output", tmp_path / "file"), "cannot be written")


def test_a_model_that_was_made_smaller_can_be_made_smaller_again(call, trained, tmp_path):
    assert call(compress, trained[1], "--output", tmp_path / "a")[0] == 0
    assert call(compress, tmp_path / "a", "--output", tmp_path / "b", "--weight-format", "int4")[0] == 0
    output = call(compress, tmp_path / "a", "--output", tmp_path / "c")[1]
    assert "note: the weights are no smaller: they were kept as int8, or in less, before." in output
    first, second = (LanguageModel.load(tmp_path / name).weights["output/kernel"] for name in "ab")
    assert np.abs(first - second).max() <= 2 * np.abs(first).max() / 7


def test_what_a_run_left_beside_a_model_goes_with_it(call, trained, tmp_path):
    place = tmp_path / "run"
    shutil.copytree(trained[1], place)
    for name in ("checkpoint.safetensors", "history.csv", "loss.png"):
        (place / name).write_bytes(b"of the run before")
    assert call(compress, trained[1], "--output", place, "--overwrite")[0] == 0
    assert not {"checkpoint.safetensors", "history.csv", "loss.png"} & {path.name for path in place.iterdir()}


def test_data_may_follow_the_options_and_standard_input_is_refused(call, trained, lighthouse, tmp_path):
    assert "bits per character" in call(compress, trained[1], "--output", tmp_path / "small", lighthouse)[1]
    status, _, error = call(compress, trained[1], "-", "--output", tmp_path / "other")
    assert (status, "Pass a file" in error) == (2, True)
    assert not (tmp_path / "other").exists()
