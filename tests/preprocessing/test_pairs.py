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
        ("one\n\ntwo\n", "uno\ndos\ntres\n", r"en, line 2: is empty"),
        ("one\ntwo\n", "uno\n \n", r"es, line 2: is empty"),
        ("one\n", "", "no text"),
    ],
)
def test_files_that_do_not_fit(tmp_path, source, target, message):
    (tmp_path / "en").write_text(source)
    (tmp_path / "es").write_text(target)
    with pytest.raises(TextrnnError, match=message):
        pairs.read(tmp_path / "en", tmp_path / "es")


@pytest.mark.parametrize("line", ["no tab", "one\t", "\tuno", " \tuno"])
def test_lines_that_are_no_pair(tmp_path, line):
    (tmp_path / "pairs.tsv").write_text(f"Go.\tVe.\n{line}\n")
    with pytest.raises(TextrnnError, match=r"pairs.tsv, line 2: expected a sentence, a tab"):
        pairs.read(tmp_path / "pairs.tsv")


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
