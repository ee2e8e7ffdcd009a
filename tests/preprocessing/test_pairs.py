import numpy as np
import pytest

from textrnn import TextrnnError, pairs
from textrnn.preprocessing.pairs import Pairs


@pytest.fixture
def sample(request):
    return pairs.read(request.config.rootpath / "corpora" / "eng-spa.tsv")


def test_tab_separated_pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("\ufeffGo.\tVe.\tsomebody, CC-BY\r\n  Two   spaces \tdos\u2028líneas\n", encoding="utf-8")
    assert pairs.read(path) == Pairs(["Go.", "Two spaces"], ["Ve.", "dos líneas"])


def test_two_files(tmp_path):
    (tmp_path / "en").write_text("one\ntwo\n")
    (tmp_path / "es").write_text("uno\ndos")
    assert pairs.read(tmp_path / "en", tmp_path / "es") == Pairs(["one", "two"], ["uno", "dos"])


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("one\ntwo\n", "uno\n", r"en has 2 lines and .*es has 1\."),
        ("one\ntwo\n\n", "uno\n\n", r"en has 3 lines and .*es has 2\."),
        ("one\n\n", "\nuno\n", r"left out 2 of 2 pairs in .*: a side is empty .*Each sentence needs its translation"),
        ("one\n", "", "no text"),
    ],
)
def test_files_that_do_not_fit(tmp_path, source, target, message):
    (tmp_path / "en").write_text(source)
    (tmp_path / "es").write_text(target)
    with pytest.raises(TextrnnError, match=message):
        pairs.read(tmp_path / "en", tmp_path / "es")


@pytest.mark.parametrize("line", ["no tab", "one\t", "\tuno", " \tuno", "one\t\u200b"])
def test_a_line_with_one_side_is_left_out_and_counted(tmp_path, capsys, line):
    (tmp_path / "pairs.tsv").write_text(f"Go.\tVe.\n{line}\nHi.\tHola.\n", encoding="utf-8")
    assert pairs.read(tmp_path / "pairs.tsv") == Pairs(["Go.", "Hi."], ["Ve.", "Hola."])
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith("left out 1 of 3 pairs in ")
    assert message.endswith("pairs.tsv: a side is empty or missing, first in line 2")


def test_blank_lines(tmp_path, capsys):
    """One at the end is nothing; those between pairs are counted with the sentences that have no translation."""
    path = tmp_path / "pairs.tsv"
    path.write_text("Go.\tVe.\nHi.\tHola.\n\n\n")
    assert len(pairs.read(path)) == 2
    assert capsys.readouterr().err == ""
    path.write_text("Go.\tVe.\n\nHi.\tHola.\nUh.\t\n\n")
    assert len(pairs.read(path)) == 2
    assert "left out 2 of 4 pairs" in capsys.readouterr().err


def test_lines_that_end_in_different_ways(tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(b"a\tb\nc\td\re\tf\r\ng\th\n")
    assert pairs.read(path) == Pairs(["a", "c", "e", "g"], ["b", "d", "f", "h"])
    assert capsys.readouterr().err == ""


def test_two_files_with_empty_lines(tmp_path, capsys):
    (tmp_path / "en").write_text("one\n\n(laughter)\nfour\n")
    (tmp_path / "es").write_text("uno\n\n\ncuatro\n")
    expected = Pairs(["one", "four"], ["uno", "cuatro"])
    assert pairs.read(tmp_path / "en", tmp_path / "es") == expected
    assert "left out 2 of 4 pairs" in capsys.readouterr().err
    (tmp_path / "en").write_text("one\nfour\n\n")
    (tmp_path / "es").write_text("uno\ncuatro")
    assert pairs.read(tmp_path / "en", tmp_path / "es") == expected
    assert pairs.read(tmp_path / "en", tmp_path / "es", reverse=True) == expected.reversed()


def test_a_directory_gives_the_pairs_of_all_its_files(tmp_path, capsys):
    (tmp_path / "a.tsv").write_text("one\tuno\n")
    (tmp_path / "b.txt").write_text("two\tdos\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.csv").write_text('"three","tres"\n')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert pairs.read(tmp_path) == Pairs(["one", "two", "three"], ["uno", "dos", "tres"])
    assert "picture.png: no text" in capsys.readouterr().err
    (tmp_path / "hollow").mkdir()
    with pytest.raises(TextrnnError, match="no text files in this directory"):
        pairs.read(tmp_path / "hollow")


def test_a_named_corpus_the_other_way_round(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTRNN_CORPORA", str(tmp_path))
    (tmp_path / "mt" / "tatoeba_eng_spa").mkdir(parents=True)
    (tmp_path / "mt" / "tatoeba_eng_spa" / "spa.txt").write_text("Go.\tVe.\tsomebody\nHi.\tHola.\tsomebody\n")
    forth, back = Pairs(["Go.", "Hi."], ["Ve.", "Hola."]), Pairs(["Ve.", "Hola."], ["Go.", "Hi."])
    assert pairs.read("tatoeba:eng-spa") == forth
    assert pairs.read("tatoeba:spa-eng") == back
    assert pairs.read("tatoeba:eng-spa", reverse=True) == back
    assert pairs.read("tatoeba:spa-eng", reverse=True) == forth


EXPECTED = Pairs(["Go.", "Hi."], ["Ve.", "Hola."])


@pytest.mark.parametrize(
    "given",
    [
        [("Go.", "Ve."), ("Hi.", "Hola.")],
        (("Go. ", " Ve."), ["Hi.", "Hola."]),
        iter([["Go.", "Ve."], ("Hi.", "Hola.")]),
        {"Go.": "Ve.", "Hi.": "Hola."}.items(),
        np.array([["Go.", "Ve."], ["Hi.", "Hola."]]),
        Pairs(["Go.", "Hi."], ["Ve.", "Hola."]),
        [{"en": "Go.", "es": "Ve."}, {"en": "Hi.", "es": "Hola."}],
        [{"id": 1, "translation": {"en": "Go.", "es": "Ve."}}, {"id": 2, "translation": {"en": "Hi.", "es": "Hola."}}],
        [{"target": "Ve.", "source": "Go."}, {"target": "Hola.", "source": "Hi."}],
        [(1, "Go.", 7, "Ve."), (2, "Hi.", 8, "Hola.")],
        [("Go.", "Ve."), ("Uh.", ""), ("Uh.", None), ("Hi.", "Hola.")],
    ],
)
def test_pairs_in_memory(given, quiet):
    assert pairs.opened(given, progress=quiet) == EXPECTED


def test_two_lists_and_columns_of_tables(tmp_path, capsys):
    pandas = pytest.importorskip("pandas")
    assert pairs.opened(["Go.", "Hi."], ("Ve.", "Hola.")) == EXPECTED
    assert pairs.opened((s for s in ("Go.", "Hi.")), iter(["Ve.", "Hola."]), reverse=True) == EXPECTED.reversed()
    frame = pandas.DataFrame({"id": [3, 4], "es": ["Ve.", "Hola."], "en": ["Go.", "Hi."]}, index=[9, 8])
    assert pairs.opened(frame["en"], frame["es"]) == EXPECTED
    assert pairs.opened(frame, columns=("en", "es")) == EXPECTED
    assert pairs.opened(frame) == EXPECTED.reversed()
    assert "sentences from es, their translations from en" in capsys.readouterr().err
    frame = pandas.DataFrame({"en": ["Go.", "Uh.", "Hi."], "es": ["Ve.", None, "Hola."]})
    assert pairs.opened(frame["en"], frame["es"]) == pairs.opened(frame) == EXPECTED
    assert capsys.readouterr().err.count("left out 1 of 3 pairs") == 2
    (tmp_path / "en").write_text("Go.\nHi.\n")
    assert pairs.opened(tmp_path / "en", ["Ve.", "Hola."]) == EXPECTED
    (tmp_path / "a.tsv").write_text("Go.\tVe.\n")
    (tmp_path / "b.tsv").write_text("Hi.\tHola.\n")
    assert pairs.opened([tmp_path / "a.tsv", str(tmp_path / "b.tsv")]) == EXPECTED


@pytest.mark.parametrize(
    ("given", "target", "message"),
    [
        (["Go.", "Hi."], ["Ve."], "There are 2 sources and 1 targets"),
        (["Go.", "Hi."], None, r"Item 1 of the pairs is no pair.*'Go.'.*two lists: fit\(sources, targets\)"),
        ([("Go.", "Ve."), "Hi."], None, "Item 2 of the pairs is no pair"),
        ([("Go.", ["Ve."])], None, r"Item 1 of the pairs must hold strings. Received: \['Ve.'\]"),
        ([("Go.",), ("Hi.",)], None, "the pairs, item 1: expected a sentence"),
        ([("Go.", "")], None, "left out 1 of 1 pair "),
        ({"Go.": "Ve."}, None, "Pass pairs as a file.*Received: dict"),
        (7, None, "Received: int"),
        ([], None, "no text in the pairs"),
        (["Go.", 3], ["Ve.", "x"], "`pairs` must hold strings. Received at index 1: 3"),
        ("Go.", ["Ve."], "Go.: no such file"),
        (Pairs(["Go."], ["Ve."]), ["Ve."], "hold their translations already"),
    ],
)
def test_what_is_no_pairs_in_memory(given, target, message, quiet):
    with pytest.raises(TextrnnError, match=message):
        pairs.opened(given, target, progress=quiet)


def test_split_keeps_the_translations_of_a_sentence_together(sample):
    several = Pairs([*sample.sources, *(s.upper() for s in sample.sources)], sample.targets * 2)
    training, validation = pairs.split(several, 0.2, seed=3)
    assert len(training) + len(validation) == len(several)
    assert 10 < len(validation) < 80
    assert not {s.casefold() for s in training.sources} & {s.casefold() for s in validation.sources}
    assert pairs.split(several, 0.2, seed=3)[1] == validation
    assert pairs.split(several, 0.2, seed=4)[1] != validation
    with pytest.raises(TextrnnError, match="leaves one side empty"):
        pairs.split(Pairs(["a", "A"], ["b", "c"]), 0.5)


@pytest.mark.parametrize("seeds", [(0, 0), (0, 1), (5, 5)])
def test_splitting_twice_sets_aside_other_sentences_of_the_same_number(sample, seeds):
    """5% of 100 sentences, then 5% of the 95 that are left: 5 and 5 (4.75 rounded)."""
    rest, test = pairs.split(sample, 0.05, seeds[0])
    training, validation = pairs.split(rest, 0.05, seeds[1])
    assert [len(part) for part in (training, validation, test)] == [90, 5, 5]
    assert sorted(training.sources + validation.sources + test.sources) == sorted(sample.sources)


def test_a_split_does_not_depend_on_the_order_and_leaves_neither_side_empty(sample):
    turned = Pairs(sample.sources[::-1], sample.targets[::-1])
    assert pairs.split(turned, 0.1)[1].sources == pairs.split(sample, 0.1)[1].sources[::-1]
    two = Pairs(["a", "b"], ["x", "y"])
    for fraction in (0.001, 0.999):
        assert [len(side) for side in pairs.split(two, fraction)] == [1, 1]


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        (["a", "b"], ["x"], "There are 2 sources and 1 targets"),
        ("ab", "xy", "`sources` must be strings in an order.*Received: str"),
        (["a", 3], ["x", "y"], "`sources` must hold strings. Received at index 1: 3"),
        (["a"], [None], "`targets` must hold strings. Received at index 0: None"),
    ],
)
def test_pairs_check_themselves(sources, targets, message):
    with pytest.raises(TextrnnError, match=message):
        Pairs(sources, targets)


def test_pairs_take_any_two_sequences_and_turn_round():
    some = Pairs(("a", "b"), iter(["x", "y"]))
    assert some == Pairs(["a", "b"], ["x", "y"])
    assert some.reversed() == Pairs(["x", "y"], ["a", "b"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Two\t spaces\u2028here ", "Two spaces here"),
        ("cafe\u0301", "caf\u00e9"),
        ("e\u00ad\u0301", "\u00e9"),
        ("\ufeffHel\u00adlo\u200b, \u202bworld\u202c", "Hello, world"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\u200b \u00a0", ""),
        ("\u200c", ""),
        ("\u3164", ""),
    ],
)
def test_a_sentence_as_translators_read_it(text, expected):
    assert pairs.normalized(text) == expected
    assert pairs.normalized(expected) == expected


def test_references_are_all_translations():
    some = Pairs(["a", "b", "a", "c"], ["x", "y", "z", "w"])
    assert pairs.references(some, ["a", "b"]) == [["x", "y"], ["z", "y"]]
