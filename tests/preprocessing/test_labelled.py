import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.preprocessing import labelled
from textrnn.preprocessing.labelled import Encoded, Labelled, LabelledPlan, encoded_targets, padded


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("a.csv", 'id,review,stars\n1,"good, really",5\n2,bad,1\n3,fine,5\n', {}),
        ("a.tsv", "5\tgood, really\n1\tbad\n5\tfine\n", {}),
        ("a.csv", 'when,stars,words\n2001,5,"good, really"\n2002,1,bad\n2003,5,fine\n', {"text": "words", "label": 2}),
        ("a.jsonl", '{"label": 5, "text": "good, really"}\n{"label": 1, "text": "bad"}\n{"label":5,"text":"fine"}', {}),
    ],
)  # fmt: skip
def test_columns_are_found_or_named(tmp_path, name, content, columns):
    data = labelled.read(write(tmp_path / name, content), **columns)
    assert data.sequences == ["good, really", "bad", "fine"]
    assert data.labels == [(5,), (1,), (5,)]


def test_a_column_that_is_not_there_names_those_that_are(tmp_path):
    path = write(tmp_path / "a.csv", "review,stars\ngood,5\nbad,1\n")
    with pytest.raises(TextrnnError, match=r"no column 'star'. Did you mean 'stars'\? Its columns: 'review', 'stars'"):
        labelled.read(path, label="star")


def test_bad_rows_are_counted_and_named(tmp_path):
    data = labelled.read(write(tmp_path / "a.tsv", "text\tlabel\ngood\tyes\n\tno\nwell\t\nbad\tno\n"))
    assert data.sequences == ["good", "bad"]
    assert data.notes[-1] == "left out 2 of 4 rows without a text or a label: line 3, 4"
    with pytest.raises(TextrnnError, match="There is no text with a label"):
        labelled.read([("", "a"), ("b", None)])


def test_a_folder_for_each_class(tmp_path):
    for name, texts in (("ham", ["hi", "see you"]), ("spam", ["win"])):
        (tmp_path / name).mkdir()
        for number, text in enumerate(texts):
            write(tmp_path / name / f"{number}.txt", text + "\n")
    (tmp_path / "spam" / "picture.png").write_bytes(b"\x89PNG\x00\x00")
    data = labelled.read(tmp_path)
    assert list(zip(data.sequences, data.labels, strict=True)) == [
        ("hi", ("ham",)), ("see you", ("ham",)), ("win", ("spam",)),
    ]  # fmt: skip
    assert data.notes == ("1 files are no text",)
    with pytest.raises(TextrnnError, match="holds no folders with text files"):
        labelled.read(tmp_path / "ham")


def test_arrays_of_any_length():
    data = labelled.read([np.zeros((3, 2)), np.ones((5, 2))], np.array([1, 0]))
    assert data.labels == [(1,), (0,)]
    assert [one.shape for one in data.sequences] == [(3, 2), (5, 2)]
    assert labelled.read(np.zeros((4, 7)), [0, 1, 0, 1]).sequences[0].shape == (7, 1)


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        ([np.zeros((3, 2, 2))], [1], r"must have shape \(time, features\).*\(3, 2, 2\)"),
        ([[0.0, float("nan")]], [1], "not finite"),
        ([["a"]], [1], "no array of numbers"),
        (["a", "b"], [1], "2 sequences and 1 labels"),
        (["a", 3], [1, 2], "Sequence 1 is no text"),
        ("text", [1], "`data` must be a list"),
        (["a"], [b"x"], "must be a string or a number"),
    ],
)
def test_what_is_no_labelled_sequence(data, labels, message):
    with pytest.raises(TextrnnError, match=message):
        labelled.read(data, labels)


def test_several_labels(tmp_path):
    path = write(tmp_path / "a.csv", "text,tags\none,red|blue\ntwo,red\n")
    data = labelled.read(path, text="text", label="tags", multi_label=True)
    assert data.labels == [("red", "blue"), ("red",)]
    assert encoded_targets(data, ["blue", "red"], True, "train on").tolist() == [[1, 1], [0, 1]]
    assert labelled.read(["x"], [["b", "a", "b"]], multi_label=True).labels == [("a", "b")]
    with pytest.raises(TextrnnError, match=r"Sequence 0 has 2 labels"):
        encoded_targets(data, ["blue", "red"], False, "train on")
    with pytest.raises(TextrnnError, match=r"to score has the label 'blue', which training has never seen. Kn"):
        encoded_targets(data, ["red"], True, "score")


def test_a_split_keeps_shares_and_equal_texts_together():
    texts = [f"text {number}" for number in range(90)] + ["again", "Again", "again"] * 4
    data = Labelled(texts, [("a",)] * 60 + [("b",)] * 30 + [("a",)] * 12)
    training, validation = labelled.split(data, 0.2, seed=1)
    assert not {text.casefold() for text in training.sequences} & {text.casefold() for text in validation.sequences}
    assert 5 <= sum(label == ("b",) for label in validation.labels) <= 7
    assert len(training) + len(validation) == len(data)
    assert labelled.split(data, 0.2, seed=2)[1].sequences != validation.sequences


def test_batches_are_of_like_length_and_a_function_of_the_epoch():
    draw = np.random.default_rng(0)
    sequences = [draw.integers(4, 9, draw.integers(1, 30)).astype(np.int32) for _ in range(203)]
    targets = np.eye(203, dtype=np.float32)
    plan = LabelledPlan(Encoded(sequences), targets, batch_size=10, seed=4)
    batches = list(plan.batches(1))
    assert len(batches) == plan.num_batches == 21
    seen = np.concatenate([batch.targets.argmax(axis=1) for batch in batches])
    assert sorted(seen) == list(range(203))
    for batch in batches:
        ids, _ = batch.inputs
        for row, target in zip(ids, batch.targets.argmax(axis=1), strict=True):
            np.testing.assert_array_equal(row[: len(sequences[target])], sequences[target])
    assert sum(batch.inputs[1].sum() for batch in batches) > 0.85 * sum(batch.inputs[1].size for batch in batches)
    again = [batch.targets.argmax(axis=1).tolist() for batch in plan.batches(1)]
    assert again == [batch.targets.argmax(axis=1).tolist() for batch in batches]
    assert again != [batch.targets.argmax(axis=1).tolist() for batch in plan.batches(2)]


def test_padding():
    vectors, mask = padded([np.ones((2, 3)), np.ones((1, 3))])
    assert vectors.tolist() == [[[1, 1, 1], [1, 1, 1]], [[1, 1, 1], [0, 0, 0]]]
    assert mask.tolist() == [[True, True], [True, False]]


def test_several_labels_in_a_list_of_a_json_line(tmp_path):
    path = tmp_path / "tags.jsonl"
    path.write_text('{"text": "a red boat", "tags": ["red", "boat"]}\n{"text": "two", "tags": [1, 2]}\n')
    found = labelled.read(path, text="text", label="tags", multi_label=True)
    assert found.labels == [("red", "boat"), (1, 2)]
