import subprocess
import sys

import numpy as np
import pytest

import textrnn
from textrnn import LanguageModel, TextrnnError
from textrnn.tasks.training_text import share_set_aside


def test_training_improves_and_the_model_writes_words(trained):
    model, _, records = trained
    assert records[-1].validation_loss < records[0].validation_loss < 3.6
    text = model.generate("The light", max_tokens=80, seed=1)
    assert text.startswith("The light")
    assert len(text) == len("The light") + 80


def test_loaded_models_write_the_same(trained):
    model, directory, _ = trained
    loaded = LanguageModel.load(directory)
    assert loaded.generate("The", seed=5) == model.generate("The", seed=5)
    assert loaded.facts["training_tokens"] > 5000


def test_stream_equals_generate(trained):
    model, _, _ = trained
    for options in ({"seed": 3}, {"seed": 3, "stop": ("e ",)}, {"seed": 4, "max_tokens": 7}):
        assert "".join(model.stream("Marta", **options)) == model.generate("Marta", **options)


def test_the_batch_does_not_change_a_text(trained):
    model, _, _ = trained
    prompts = ["The lamp", "Tomas", "In the spring", "It"]
    together = model.generate(prompts, num_samples=3, seed=11, max_tokens=40)
    for prompt, samples in zip(prompts, together, strict=True):
        assert model.generate(prompt, num_samples=3, seed=11, max_tokens=40) == samples
        assert model.generate(prompt, seed=11, max_tokens=40) == samples[0]
        assert len(set(samples)) == 3


def test_no_repeated_ngrams_in_a_long_text(trained):
    model, _, _ = trained
    ((result,),) = model.generations(["The"], max_tokens=300, seed=2, no_repeat_ngram_size=4, temperature=0.3)
    ids = list(result.token_ids)
    grams = [tuple(ids[start : start + 4]) for start in range(len(ids) - 3)]
    assert len(grams) == len(set(grams))


def test_explanations(trained):
    model, _, _ = trained
    ((result,),) = model.generations(["The"], max_tokens=20, temperature=0, explain=True)
    assert len(result.choices) == 20
    for choice in result.choices:
        assert 0 < choice.probability <= 1
        assert all(choice.probability >= probability for _, probability in choice.alternatives)
    assert "".join(choice.token for choice in result.choices) == result.text.removeprefix("The")


def test_unknown_and_empty_prompts(trained):
    model, _, _ = trained
    assert model.unknown_tokens("\u65e5 a \u65e5\u672c") == ["\u65e5", "\u672c"]
    assert model.generate("\u65e5\u672c", seed=1, max_tokens=5).startswith("\u65e5\u672c")
    assert len(model.generate("", seed=1, max_tokens=5)) == 5
    assert len(model.generate("a" * 5000, seed=1, max_tokens=5)) == 5005


def test_evaluation_agrees_with_the_definition(trained, lighthouse):
    """Bits per character is the loss in bits, for one token is one character here."""
    model, _, _ = trained
    result = model.evaluate(lighthouse)
    assert result.num_tokens == result.num_characters == 6392
    assert result.perplexity == pytest.approx(np.exp(result.loss))
    assert result.bits_per_character == pytest.approx(result.loss / np.log(2))
    assert "bits per character" in str(result)


def test_cold_windows_are_scored_worse_than_a_carried_state(trained, lighthouse):
    model, _, _ = trained
    carried = model.evaluate(lighthouse, window=0).loss
    assert model.evaluate(lighthouse, window=5).loss > carried
    assert model.evaluate(lighthouse, window=10**6).loss == pytest.approx(carried, abs=1e-6)


def test_memorisation_knows_the_training_text(trained, lighthouse):
    model, _, _ = trained
    copied = model.memorisation(lighthouse.read_text()[:1000])
    assert copied.longest_span > 150
    fresh = model.memorisation("Seven green parrots discussed taxation policy at noon, quite seriously, without pay.")
    assert fresh.longest_span <= 5
    assert fresh.new_shares[5] > 0.8


def test_training_on_another_text_adds_to_the_record(tmp_path, quiet):
    """Lines of one word, then other lines: the weights may still hold the first ones, so they must still be found."""
    first, second = [f"name{number}x" for number in range(60)], [f"other{number}y" for number in range(60)]
    for name, lines in (("a.txt", first), ("b.txt", second)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    model = LanguageModel(level="char", form="lines", units=(8,), embedding_dim=8)
    for name in ("a.txt", "b.txt"):
        path = tmp_path / name
        model.fit(path, validation=path, epochs=1, batch_size=16, warmup_steps=1, progress=quiet, output=None)
    report = model.memorisation("\n".join([*first[:10], *second[:10], "neither"]))
    assert (report.num_documents, report.num_known_documents, report.unit) == (21, 20, "line")
    model.save(tmp_path / "model")
    assert LanguageModel.load(tmp_path / "model").memorisation(first[0]).num_known_documents == 1


def test_training_goes_on_from_a_loaded_model(trained, lighthouse, quiet):
    _, directory, records = trained
    model = LanguageModel.load(directory)
    vocabulary = model.tokenizer.tokens
    more = model.fit(lighthouse, epochs=1, batch_size=8, length=32, validation_fraction=0.1, progress=quiet)
    assert model.tokenizer.tokens == vocabulary
    assert more[0].validation_loss < records[0].validation_loss


def test_tutorial_networks_by_name(tmp_path, quiet):
    (tmp_path / "a.txt").write_text("the cat sat on the mat\nthe dog sat on the log\n" * 20 + "a cat and a dog\n" * 3)
    for name in ("tutorial", "tutorial-bidirectional"):
        model = LanguageModel(name, max_length=10)
        records = model.fit(tmp_path / "a.txt", validation=tmp_path / "a.txt", epochs=2, warmup_steps=2, progress=quiet)
        assert records[-1].validation_loss < np.log(15)
        assert model.evaluate(tmp_path / "a.txt").loss == pytest.approx(records[-1].validation_loss, abs=1e-4)
    with pytest.raises(TextrnnError, match="bidirectional"):
        model.generate("the cat")
    assert LanguageModel("tutorial").config.units == (150, 100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lsmt"}, "`cell` must be one of 'simple_rnn', 'gru', 'lstm'. Received: 'lsmt'. Did you mean 'lstm'"),
        ({"levl": "char"}, "LanguageModel has no option `levl`. Did you mean 'level'"),
        ({"network": "tutorail"}, "Did you mean 'tutorial'"),
        ({"units": ()}, "1 to 4 layer sizes"),
        ({"units": (4,) * 5}, "1 to 4 layer sizes"),
        ({"dropout": 1.0}, "`dropout` must be a number at least 0 and below 1"),
        ({"bidirectional": True}, "would see the very tokens it has to predict"),
        ({"bidirectional": True, "form": "lines"}, "would see the very tokens"),
    ],
)
def test_impossible_networks(options, message):
    with pytest.raises(TextrnnError, match=message):
        LanguageModel(**options)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a\n", {}, "holds one word, which leaves nothing to learn"),
        ("the cat sat on the mat\n" * 9, {"epoch": 3}, "fit has no option `epoch`. Did you mean 'epochs'"),
        ("the cat sat on the mat\n" * 9, {"learning_rate": 0}, "`learning_rate` must be a number above 0"),
        ("the cat sat on the mat\n" * 9, {"optimizer": "adamv"}, "Did you mean 'adam"),
        (
            "the cat sat on the mat\n" * 9,
            {"validation_fraction": 2},
            "`validation_fraction` must be a number at least 0 and below 1",
        ),
    ],
)
def test_impossible_training(tmp_path, quiet, text, options, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(TextrnnError, match=message):
        LanguageModel(level="char", units=(4,), embedding_dim=4).fit(tmp_path / "a.txt", progress=quiet, **options)


def test_a_model_that_was_not_trained_says_so():
    with pytest.raises(TextrnnError, match="has not been trained"):
        LanguageModel().generate("x")


def test_a_corpus_too_small_for_the_model_gets_advice(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("the cat sat on the mat and looked at the dog\n" * 12)
    LanguageModel(level="char", units=(63,), embedding_dim=8).fit(tmp_path / "a.txt", epochs=1, batch_size=2, length=8)
    message = capsys.readouterr().err
    assert "advice:" in message
    assert "parameters" in message
    assert "training tokens" in message
    assert "sample:" in message


def test_the_exported_names_are_there():
    assert set(textrnn.__all__) == set(textrnn.HOMES) | set(textrnn.MODULES) | {"__version__"}
    for name in textrnn.__all__:
        assert getattr(textrnn, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Langauge'"):
        _ = textrnn.Langauge


def test_generating_imports_no_tensorflow(trained):
    _, directory, _ = trained
    code = (
        "import sys, textrnn; model = textrnn.LanguageModel.load(sys.argv[1]); model.generate('The', max_tokens=5);"
        "print(sorted({'tensorflow', 'keras', 'nltk', 'matplotlib'} & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", code, str(directory)], capture_output=True, text=True, check=True)
    assert output.stdout == "[]\n"


@pytest.mark.parametrize(
    ("asked", "num_characters", "documents", "is_new", "share"),
    [
        (None, 1_500, None, True, 0.0),  # a tenth of it would be a sentence
        (None, 1_500, "line", True, 0.1),  # names that were set aside tell a copy from an invention
        (None, 1_500, None, False, 0.1),
        (None, 10_000, None, True, 0.1),
        (None, 100_000, None, True, 0.05),
        (0.3, 1_500, None, True, 0.3),
    ],
)
def test_how_much_is_set_aside(asked, num_characters, documents, is_new, share):
    assert share_set_aside({"validation_fraction": asked}, num_characters, documents, is_new) == share
