import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.preprocessing import labelled
from textrnn.preprocessing.labelled import Encoded, Labelled, LabelledPlan, encoded_targets, padded
from textrnn.preprocessing.labels import labels_of


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
    assert data.notes == ("left out 1 file without text",)
    with pytest.raises(TextrnnError, match="holds no folders with text files"):
        labelled.read(tmp_path / "ham")


def test_a_folder_of_the_parts_of_a_data_set(tmp_path):
    for name in ("Train/good", "Train/bad", "test/good"):
        (tmp_path / name).mkdir(parents=True)
        write(tmp_path / name / "1.txt", "a film\n")
    message = (
        "its folders Train, test are parts of a data set, not classes. Name the one to read, .*/Train, and another"
    )
    with pytest.raises(TextrnnError, match=message):
        labelled.read(tmp_path)
    assert labelled.read(tmp_path / "Train").counts() == {"bad": 1, "good": 1}


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
        (["a", "b"], [1], "2 sequences and 1 label"),
        (["a", 3], [1, 2], "Sequence 1 is no text"),
        ("text", [1], "`data` must be a list"),
        (["a"], [b"x"], "Label 0 must be a string or a number"),
        (["a", "b"], ["x", float("inf")], "Label 1 must be a string or a number. Received: inf"),
        (["a", "b"], ["x", "\ud800"], "Label 1: holds bytes that are not valid UTF-8"),
        (["a", "b \ud800"], ["x", "y"], "The text of sequence 1: holds bytes that are not valid UTF-8, at character 3"),
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
    with pytest.raises(TextrnnError, match=r"label 'blue', .* never seen, first of 'one'. Known: 'red'"):
        encoded_targets(data, ["red"], True, "score")


REVIEWS = [(f"a film of {number} hours", ("pos", "neg")[number % 2]) for number in range(8)]


def table(row, header=""):
    return header + "".join(f"{row.format(*review)}\n" for review in REVIEWS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            table("{},{}", "text,label\n") + "dull, and long,neg\n",
            "line 10: has 3 columns, where the header has 2. Put",
        ),
        (table("{1},{0}", "label,text\n") + "neg,dull, and long\n", "line 10: has 3 columns, where the header has 2"),
        (table("{1},{0}, and so on", "label,text\n"), "line 2: has 3 columns, where the header has 2"),
        (table("{},{}") + "dull, and long,neg\n", "line 9: has 3 columns, where most rows have 2"),
    ],
)
def test_a_delimiter_within_a_text_is_noticed(tmp_path, content, message):
    with pytest.raises(TextrnnError, match=f"a.csv, {message}"):
        labelled.read(write(tmp_path / "a.csv", content))


def test_cells_that_are_empty_and_quotes_with_backslashes(tmp_path):
    assert len(labelled.read(write(tmp_path / "a.csv", table("{},{},,", "text,label\n")))) == 8
    escaped = labelled.read(write(tmp_path / "b.csv", table('"\\"{}\\", ok",{}', "text,label\n")))
    assert (escaped.sequences[0], escaped.labels[0]) == ('"a film of 0 hours", ok', ("pos",))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("v1,v2,,,", "{1},{0},,,"),
        ("utterance,intent", "{},{}"),
        ("Kommentar;Klasse", "{};{}"),
        ("本文,ラベル", "{},{}"),
        ("message,Spam?", "{},{}"),
        ("text,text,label", "{0},{0},{1}"),
        ("sep=,\ntext,label", "{},{}"),
        ("sep=;\nutterance;intent", "{};{}"),
    ],
)
def test_a_header_is_no_class(tmp_path, header, row):
    data = labelled.read(write(tmp_path / "a.csv", table(row, f"{header}\n")))
    assert list(zip(data.sequences, [one for (one,) in data.labels], strict=True)) == REVIEWS


def test_a_header_that_was_guessed_is_said_and_a_first_row_stays_one(tmp_path):
    data = labelled.read(write(tmp_path / "a.csv", table("{},{}", "utterance,intent\n")))
    assert data.notes[0] == f"{tmp_path}/a.csv, line 1 is taken for the names of the columns: utterance, intent"
    rare = labelled.read(write(tmp_path / "b.csv", "the first of all the films,odd\n" + table("{},{}")))
    assert rare.counts() == {"neg": 4, "odd": 1, "pos": 4}


def test_a_column_that_is_always_the_same_holds_no_labels(tmp_path):
    content = "".join(
        f'"{4 * (n % 2)}","{n}","Mon Apr 06","NO_QUERY","user{n}","a film, {n} hours"\n' for n in range(9)
    )
    data = labelled.read(write(tmp_path / "a.csv", content))
    assert (data.counts(), data.sequences[0]) == ({0: 5, 4: 4}, "a film, 0 hours")
    only = labelled.read(write(tmp_path / "b.csv", "".join(f"film {number},x\n" for number in range(9))))
    assert only.counts() == {"x": 9}  # where nothing else fits


@pytest.mark.parametrize(
    ("value", "multi_label", "expected"),
    [
        ("a|b", True, ("a", "b")),
        ("a, b", False, ("a, b",)),
        ("['a', 'b']", True, ("a", "b")),
        ("['a' 'it\\'s']", True, ("a", "it's")),
        ('("a",)', True, ("a",)),
        ("{'a', \"b, c\"}", True, ("a", "b, c")),
        ("[science fiction, drama]", True, ("science fiction", "drama")),
        ("[1, 2]", True, (1, 2)),
        ("[2 3]", True, ("2", "3")),
        ("['a', 'b']", False, ("a", "b")),
        ("['a']", False, ("a",)),
        ("a\nb", False, ("a", "b")),
        ("[INFO]", False, ("[INFO]",)),
        (["b", "a", "b", None], True, ("a", "b")),
        (np.array([3]), False, (3,)),
        (1.0, False, (1,)),
        (0.5, False, (0.5,)),
        (True, False, ("True",)),
        ("NaN", False, ()),
        ("NULL", False, ()),
        ("none", False, ("none",)),
        (float("nan"), False, ()),
        (" ", True, ()),
    ],
)
def test_labels_in_any_form(value, multi_label, expected):
    assert labels_of(value, multi_label) == expected


def test_rows_of_zeros_and_ones_are_no_labels():
    for rows in ([[0, 1], [1, 0]], [[1, 1, 0], [1, 1, 0]], np.eye(3), ["[0 1]", "[1 0]"]):
        with pytest.raises(TextrnnError, match="rows of 0 and 1.*Pass the labels that are"):
            labelled.read(["text"] * len(rows), rows, multi_label=True)
    assert labelled.read(["x", "y"], [[0, 1], [1]], multi_label=True).labels == [(0, 1), (1,)]
    assert labelled.read(["x", "y"], np.array([[0], [1]])).labels == [(0,), (1,)]


def test_whole_numbers_are_the_same_however_they_are_written(tmp_path):
    written = labelled.read(write(tmp_path / "a.csv", "text,label\na,1.0\nb,0.0\nc,1\n"))
    assert written.labels == [(1,), (0,), (1,)]
    assert labelled.read(write(tmp_path / "b.csv", "text,label\na,01\nb,1\n")).labels == [("01",), ("1",)]
    for known in (["0", "1"], [0, 1], ["0.0", "1.0"]):
        assert encoded_targets(written, known, False, "score").tolist() == [[0, 1], [1, 0], [0, 1]]


def test_a_data_frame_with_whole_floats_and_lists():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["a", "b", "c"], "label": [1, None, 0], "tags": [["x", "y"], ["y"], ["x"]]})
    assert labelled.read(frame).labels == [(1,), (0,)]
    tagged = labelled.read(frame, label="tags", text="text", multi_label=True)
    assert tagged.labels == [("x", "y"), ("y",), ("x",)]


def test_labels_that_say_nothing_are_counted(tmp_path):
    data = labelled.read(write(tmp_path / "a.csv", "text,label\na,x\nb,NaN\nc,NULL\nd,NaN\ne,y\nf,\n"))
    assert data.counts() == {"x": 1, "y": 1}
    assert data.notes[1:] == (
        f"{tmp_path}/a.csv: the label NaN (2 rows) is taken for none",
        f"{tmp_path}/a.csv: the label NULL (1 row) is taken for none",
        "left out 4 of 6 rows without a text or a label: line 3, 4, 5, 7",
    )


def test_labels_that_all_differ_cannot_be_split():
    data = labelled.read([f"text {number}" for number in range(20)], [number / 7 for number in range(1, 21)])
    message = (
        "Of 20 sequences no two that differ have the same label, of 20 such as 0.14.*If this is not the right column"
    )
    with pytest.raises(TextrnnError, match=message):
        labelled.split(data, 0.1)


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


def test_a_header_alone(tmp_path):
    (tmp_path / "t.csv").write_text("text,label\n")
    with pytest.raises(TextrnnError, match="The table has no rows below the names of its columns"):
        labelled.read(tmp_path / "t.csv", text="text", label="label")
