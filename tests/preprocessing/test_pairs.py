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
        pairs.split(Pairs(["a"], ["b"]), 0.5)


def test_references_are_all_translations():
    some = Pairs(["a", "b", "a", "c"], ["x", "y", "z", "w"])
    assert pairs.references(some, ["a", "b"]) == [["x", "y"], ["z", "y"]]
