import io
import json
import sys

import numpy as np
import pytest

from textrnn import Classifier, TextrnnError, classify, evaluate, train

GOOD, BAD = ["lovely", "great", "superb"], ["awful", "dull", "boring"]


def reviews(number, seed):
    """Returns texts of which one word decides."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(number):
        is_good = draw.random() < 0.5
        words = [*draw.choice(["the", "film", "was", "and", "long"], 5), draw.choice(GOOD if is_good else BAD)]
        rows.append((" ".join(draw.permutation(words)), "good" if is_good else "bad"))
    return rows


@pytest.fixture(scope="module")
def reviewer(tmp_path_factory):
    from textrnn import Progress

    directory = tmp_path_factory.mktemp("reviewer")
    rows = reviews(400, 1)
    (directory / "train.csv").write_text("review,verdict\n" + "".join(f"{text},{label}\n" for text, label in rows))
    (directory / "test.csv").write_text(
        "review,verdict\n" + "".join(f"{text},{label}\n" for text, label in reviews(100, 2))
    )
    model = Classifier(units=(12,), embedding_dim=12)
    model.fit(
        directory / "train.csv", text="review", label="verdict", output=directory / "model", steps=200,
        learning_rate=0.01, progress=Progress(quiet=True),
    )  # fmt: skip
    return model, directory


def test_one_word_decides(reviewer):
    model, directory = reviewer
    assert model.labels == ("bad", "good")
    assert model.predict("the film was great") == "good"
    assert model.predict(["so dull", "superb"]) == ["bad", "good"]
    found = model.evaluate(directory / "test.csv", text="review", label="verdict")
    assert found.accuracy == 1.0
    assert found.calibration_error < 0.05
    explained = model.explain("the film was awful")
    assert explained.label == "bad"
    assert explained.tokens[int(np.argmax(explained.effects))] == "awful"


def test_two_processes_score_alike(reviewer):
    model, _ = reviewer
    rows = reviews(70, 4)
    alone = model.evaluate(rows, explain=True)
    assert model.evaluate(rows, explain=True, jobs=2).to_dict() == alone.to_dict()
    with pytest.raises(TextrnnError, match="`jobs` must be"):
        model.evaluate(rows, jobs=0)


def test_an_answer_does_not_depend_on_its_neighbours(reviewer):
    model, _ = reviewer
    texts = [text for text, _ in reviews(70, 3)] + ["dull", "the " * 40 + "great"]
    together = model.probabilities(texts)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_allclose(model.probabilities([text])[0], row, atol=1e-6)
    assert model.probabilities([]).shape == (0, 2)
    assert model.probabilities([""]).sum() == pytest.approx(1)


def test_rows_of_pictures(quiet):
    """Which half of the steps is bright: only the order of the vectors tells."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 300)
    pictures = draw.normal(size=(300, 6, 4)) * 0.3 + 5
    pictures[labels == 0, :3] += 1
    pictures[labels == 1, 3:] += 1
    model = Classifier(units=(8,), bidirectional=False)
    model.fit(pictures, labels, steps=150, learning_rate=0.02, progress=quiet)
    assert model.evaluate(pictures, labels).accuracy > 0.98
    assert model.config.pooling == ("last",)
    assert model.config.means[0] == pytest.approx(5.5, abs=0.1)
    with pytest.raises(TextrnnError, match="Sequence 0 has 3 features a step; this classifier reads 4"):
        model.predict(np.zeros((1, 6, 3)))
    with pytest.raises(TextrnnError, match="Only decisions about texts"):
        model.explain("x")


def test_several_labels(quiet):
    texts = ("red sky", "blue sky", "red blue")
    rows = [(text, [name for name in ("red", "blue") if name in text]) for text in texts]
    model = Classifier(units=(8,), embedding_dim=8, multi_label=True)
    model.fit(rows * 40, validation=rows, steps=200, learning_rate=0.02, progress=quiet)
    assert model.predict(texts) == [("red",), ("blue",), ("blue", "red")]


def test_rare_classes_can_count_as_much(quiet):
    rows = [(f"a {number}", "often") for number in range(60)] + [(f"b {number}", "seldom") for number in range(4)]
    model = Classifier(units=(4,), embedding_dim=4)
    model.fit(rows, balanced=True, steps=20, progress=quiet)
    assert model._class_weights.tolist() == pytest.approx([57 / (2 * 54), 57 / (2 * 3)], rel=0.05)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "x"), ("b", "x")] * 20, "All data have the same label, 'x'"),
        ([(f"t {number}", f"id {number}") for number in range(1100)], "1,100 different labels for|different labels"),
    ],
)
def test_nothing_to_learn(rows, message, quiet):
    with pytest.raises(TextrnnError, match=message):
        Classifier().fit(rows, validation=rows[:3], progress=quiet)


def test_a_column_that_holds_no_labels(quiet):
    rows = [(f"t {number}", f"{number / 7:.3f}") for number in range(200)]
    with pytest.raises(TextrnnError, match="Of 200 sequences no two.*'0.000'.*not the right column, name it"):
        Classifier().fit(rows, progress=quiet)


def test_nothing_is_set_aside_when_that_is_asked_for(capsys):
    rows = [("a good film", "good"), ("a bad film", "bad")]
    model = Classifier(units=(4,), embedding_dim=4).fit(rows, validation_fraction=0, steps=2)
    assert (model.facts["training_sequences"], model.facts["validation_sequences"]) == (2, 2)
    assert "nothing is set aside: the validation loss is that of the training data" in capsys.readouterr().err
    with pytest.raises(TextrnnError, match="`validation_fraction` must be a number at least 0 and below 1"):
        Classifier().fit(rows, validation_fraction=1)


def test_a_blank_text_has_no_tokens(call, reviewer, monkeypatch):
    model, directory = reviewer
    found = model.explain("")
    assert (found.tokens, found.effects) == ((), ())
    assert str(found).startswith(f"{found.label}   (")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"great\n\ndull\n")))
    status, output, _ = call(classify, "--model", directory / "model", "--json", "--explain", "-")
    assert status == 0
    assert [one["effects"] == [] for one in json.loads(output)["results"]] == [False, True, False]


def test_lines_of_files_in_two_processes(call, reviewer, tmp_path):
    _, directory = reviewer
    rows = [text for text, _ in reviews(150, 5)]
    rows[70] = ""
    lines, output = tmp_path / "lines.txt", tmp_path / "out.txt"
    lines.write_text("".join(f"{row}\n" for row in rows))
    read = ["--input", lines, lines, "--model", directory / "model"]
    named = call(classify, *read)[1].splitlines()
    assert len(named) == 300
    assert named[:150] == named[150:]
    assert {name for row, name in zip(rows, named, strict=False) if "great" in row} == {"good"}
    assert named[70] == ""
    for more in ([], ["--probabilities"], ["--json"]):
        status, alone, _ = call(classify, *read, *more)
        assert status == 0
        assert call(classify, *read, "--output", output, "--jobs", 2, *more)[0] == 0
        assert output.read_text() == alone


def test_the_name_of_a_file_is_not_classified(call, reviewer):
    _, directory = reviewer
    status, output, error = call(classify, directory / "test.csv", "--model", directory / "model")
    assert (status, output) == (2, "")
    assert f"test.csv is a file. To classify what is in it, pass --input {directory}/test.csv" in error


def test_labels_unseen_in_training(reviewer, quiet):
    model, _ = reviewer
    with pytest.raises(TextrnnError, match="to score has the label 'fair', which training has never seen, first of 'a"):
        model.evaluate([("a film", "fair")])


def test_the_commands(call, reviewer, tmp_path):
    _, directory = reviewer
    model = directory / "model"
    assert call(classify, "the film was great", "dull", "--model", model)[1] == "good\nbad\n"
    status, output, _ = call(classify, "great", "--model", model, "--json", "--explain")
    assert status == 0
    (result,) = json.loads(output)["results"]
    assert (result["label"], result["effects"][0][0]) == ("good", "great")
    assert call(classify, "great", "--model", model, "--probabilities")[1].startswith("good ")
    status, output, error = call(
        evaluate, "classification", directory / "test.csv", "--model", model, "--confusion", tmp_path / "c.png"
    )
    assert (status, error) == (0, "")
    assert output.startswith("accuracy 100.0%")
    assert "hardest" not in output
    explained = call(evaluate, "classification", directory / "test.csv", "--model", model, "--explain")[1]
    assert explained.startswith(output.partition("note:")[0])
    assert "hardest sequences, with the probability of what they are:" in explained
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    status, _, error = call(
        train, "classifier", directory / "train.csv", "--text", "review", "--label", "verdict", "--output",
        tmp_path / "m", "--units", "4", "--embedding-dim", "4", "--steps", "5",
    )  # fmt: skip
    assert status == 0
    assert "Try: python -m textrnn.classify" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train.csv", "--label", "stars"], "no column 'stars'"),
        (["missing.csv"], "missing.csv"),
        ([], "Pass the data to train on"),
    ],
)
def test_wrong_use(call, reviewer, tmp_path, arguments, message):
    _, directory = reviewer
    named = [str(directory / one) if one.endswith(".csv") else one for one in arguments]
    status, output, error = call(train, "classifier", *named, "--output", tmp_path / "m")
    assert (status, output) == (2, "")
    assert message in error
    assert error.count("\n") <= 3


def test_the_tutorials_classifier_reads_pixels_by_their_range(trainer_of, quiet):
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 3))
    images[0, 0, 0] = 255
    labels = (images[:, 0, 0] > 127).astype(int).tolist()
    model = Classifier(network="tutorial", units=4).fit(list(images), labels, steps=3, progress=quiet)
    assert (model.config.means, model.config.deviations) == ((0.0,) * 3, (255.0,) * 3)
    by_feature = trainer_of(Classifier(units=4).fit, list(images), labels, steps=3).network.network_config
    assert max(by_feature.deviations) < 128 < sum(by_feature.means)


def test_a_run_is_resumed_without_naming_its_file_again(tmp_path, quiet):
    rows = "".join(f"{text},{label}\n" for text, label in reviews(60, 1))
    (tmp_path / "train.csv").write_text("review,verdict\n" + rows)
    options = {"output": tmp_path / "m", "progress": quiet}
    Classifier(units=4, embedding_dim=4).fit(tmp_path / "train.csv", steps=4, **options)
    resumed = Classifier(units=4, embedding_dim=4).fit(resume=True, steps=6, **options)
    assert resumed.history[-1].step == 6


def test_a_text_column_is_known_by_its_last_word_and_blank_ones_are_passed_over(trainer_of, tmp_path):
    rows = "".join(f",{text},{label}\n" for text, label in reviews(60, 1))
    (tmp_path / "train.csv").write_text("Title,Review Text,Rating\n" + rows)
    trainer = trainer_of(Classifier(units=4, embedding_dim=4).fit, tmp_path / "train.csv", steps=3)
    assert trainer.network.network_config.labels == ("bad", "good")


def test_reading_is_shown_token_by_token(reviewer):
    model, _ = reviewer
    text = "the film was awful"
    found = model.inspect(text)
    assert found.tokens == ("the", "film", "was", "awful")
    np.testing.assert_allclose(found.probabilities[-1], model.probabilities([text])[0], atol=1e-6)
    np.testing.assert_allclose(found.probabilities[1], model.probabilities(["the film"])[0], atol=1e-6)
    assert found.labels == model.labels
    assert [layer.hidden.shape for layer in found.layers] == [(4, 12)] * len(model.config.directions)
    assert (found.attention is None) == ("attention" not in model.config.pooling)
    long = "the " * (model.config.max_length + 5)
    assert len(model.inspect(long)) <= model.config.max_length
    for wrong in (" ", 7):
        with pytest.raises(TextrnnError, match="Pass a text with at least a token"):
            model.inspect(wrong)


def test_words_that_say_the_same_are_alike(reviewer):
    model, _ = reviewer
    assert {one.token for one in model.neighbours("great", 2)} <= {*GOOD, "\n"}
    with pytest.raises(TextrnnError, match="is no token of the vocabulary"):
        model.neighbours("greats")


def test_vectors_have_no_tokens_to_show():
    model = Classifier()
    with pytest.raises(TextrnnError, match="has not been trained"):
        model.inspect("a")
    model.config = type(model.config)(labels=("a", "b"), num_features=2, units=(3,))
    model.weights = {name: np.zeros(shape, np.float32) for name, shape in model.config.weight_shapes().items()}
    with pytest.raises(TextrnnError, match="Only what is read of texts"):
        model.inspect("a")
    with pytest.raises(TextrnnError, match="reads vectors"):
        model.neighbours("a")
