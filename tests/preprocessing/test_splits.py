import os
import pathlib

import hypothesis
import hypothesis.strategies as st
import pytest

from textrnn import TextrnnError, corpora


def write(path, content):
    path.write_bytes(content)
    return path


def test_block_split_is_exact_and_disjoint(tmp_path):
    """Ten characters, the last 30%: cut after the seventh, in the middle of a line."""
    corpus = corpora.read(write(tmp_path / "a.txt", b"abc\ndefgh\n"))
    training, validation = corpora.split(corpus, 0.3)
    assert (training.text(), validation.text()) == ("abc\ndef", "gh\n")


def test_line_split_keeps_equal_lines_together(tmp_path):
    content = "".join(f"line {number % 50}\n" for number in range(200))
    corpus = corpora.read(write(tmp_path / "a.txt", content.encode()))
    training, validation = corpora.split(corpus, 0.3, by="line", seed=1)
    assert not set(training.lines()) & set(validation.lines())
    assert len(list(training.lines())) + len(list(validation.lines())) == 200
    assert list(validation.lines()) == list(corpora.split(corpus, 0.3, by="line", seed=1)[1].lines())
    assert list(validation.lines()) != list(corpora.split(corpus, 0.3, by="line", seed=2)[1].lines())


def test_group_split_keeps_files_whole(tmp_path):
    for number in range(12):
        write(tmp_path / f"{number}.txt", f"{number}\n".encode() * 5)
    training, validation = corpora.split(corpora.read(tmp_path), 0.4, by="group", seed=2)
    assert not set(training.lines()) & set(validation.lines())
    assert set(training.lines()) | set(validation.lines()) == {str(number) for number in range(12)}


def test_a_split_that_leaves_nothing_is_an_error(tmp_path):
    corpus = corpora.read(write(tmp_path / "a.txt", b"a\n"))
    with pytest.raises(TextrnnError, match="leaves no validation text"):
        corpora.split(corpus, 0.001)
    with pytest.raises(TextrnnError, match="`by` must be one of"):
        corpora.split(corpus, 0.5, by="lines")


def numbered_lines(number):
    return [f"line {index}" for index in range(number)]


@pytest.mark.parametrize("second", ["line", "block"])
def test_what_was_split_can_be_split_again(second):
    """Of 2,000 lines 400 are set aside, then 5% of the other 1,600: none comes back, and none is lost."""
    corpus = corpora.read(numbered_lines(2000))
    rest, test = corpora.split(corpus, 0.2, "line", seed=3)
    training, validation = corpora.split(rest, 0.05, second, seed=3)
    sides = [list(side.lines()) for side in (training, validation, test)]
    assert sorted(line for side in sides for line in side) == sorted(numbered_lines(2000))
    assert len(sides[2]) == pytest.approx(400, abs=80)
    assert len(sides[1]) == pytest.approx(80, abs=30)


def test_a_line_split_of_a_block():
    training, test = corpora.split(corpora.read(numbered_lines(1000)), 0.3)
    left, right = corpora.split(training, 0.5, "line")
    assert set(left.lines()) | set(right.lines()) == set(training.lines())
    assert set(training.lines()).isdisjoint(test.lines())


def test_a_first_draw_is_the_one_it_always_was(tmp_path):
    """Splits of earlier releases, by blake2b of the seed, a NUL and the line."""
    corpus = corpora.read(write(tmp_path / "a.txt", "\n".join(numbered_lines(40)).encode()))
    expected = [f"line {number}" for number in (6, 8, 11, 13, 15, 18, 24, 25, 27, 29, 30)]
    assert list(corpora.split(corpus, 0.2, "line", seed=5)[1].lines()) == expected


@pytest.mark.parametrize("by", ["line", "document"])
@pytest.mark.parametrize("seed", range(5))
def test_a_few_units_are_enough_for_two_sides(by, seed):
    corpus = corpora.read(["one", "two", "three"], documents="item")
    for fraction in (0.01, 0.99):
        sides = [list(side.lines()) for side in corpora.split(corpus, fraction, by, seed)]
        assert sorted(map(len, sides)) == [1, 2]
        assert sorted(sides[0] + sides[1]) == ["one", "three", "two"]


def test_documents_stay_whole_and_equal_ones_together():
    poems = [f"Poem {number % 20}\nfirst\n\nlast" + "\n" * (number // 20) for number in range(60)]
    corpus = corpora.read(poems, documents="item")
    sides = corpora.split(corpus, 0.3, "document", seed=1)
    titles = []
    for side in sides:
        marked = list(side.marked_pieces())
        assert [begins for begins, _ in marked] == [True, False, False, False] * (len(marked) // 4)
        titles.append([piece for begins, piece in marked if begins])
    assert set(titles[0]).isdisjoint(titles[1])
    assert len(titles[0]) + len(titles[1]) == 60
    again, other = corpora.split(sides[0], 0.3, "document", seed=1)
    left = [sum(begins for begins, _ in side.marked_pieces()) for side in (again, other)]
    assert sum(left) == len(titles[0])
    assert min(left) > 0
    with pytest.raises(TextrnnError, match="needs documents"):
        corpora.split(corpora.read(poems), 0.3, "document")


def test_lines_drawn_from_a_document_leave_its_beginning():
    corpus = corpora.read([f"a{number}\nb{number}\nc{number}" for number in range(50)], documents="item")
    for side in corpora.split(corpus, 0.5, "line"):
        marked = list(side.marked_pieces())
        numbers = [piece.strip()[1:] for _, piece in marked]
        changes = [number != before for number, before in zip(numbers, ["", *numbers], strict=False)]
        assert [begins for begins, _ in marked] == changes


def test_groups_do_not_depend_on_how_paths_are_spelled(tmp_path, monkeypatch):
    for number in range(20):
        write(tmp_path / f"{number}.txt", f"{number}\n".encode())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    files = [f"{number}.txt" for number in range(20)]
    spellings = [files, [tmp_path / name for name in files], [f"sub/../{name}" for name in files]]
    spellings.append([pathlib.Path("link") / name for name in files])
    found = {tuple(corpora.split(corpora.read(paths), 0.4, "group")[1].lines()) for paths in spellings}
    assert len(found) == 1
    os.remove("link")
    assert set(corpora.split(corpora.read("."), 0.4, "group")[1].lines()) == set(found.pop())


def test_blocks_begin_with_a_line_or_document_if_one_is_near(tmp_path):
    """100 lines of 10 characters, 5%: line 95. In documents of 8 lines: 96 is one line from there, of five."""
    lines = [f"line {number:04}" for number in range(100)]
    corpus = corpora.read(write(tmp_path / "a.txt", "\n".join(lines).encode()))
    assert list(corpora.split(corpus, 0.052)[1].lines()) == lines[95:]
    poems = "\n\n".join("\n".join(lines[start : start + 8]) for start in range(0, 100, 8))
    corpus = corpora.read(write(tmp_path / "b.txt", poems.encode()), documents="\n\n")
    training, validation = corpora.split(corpus, 0.05)
    assert list(validation.marked_pieces()) == [
        *((True, "line 0096\n"), (False, "line 0097\n"), (False, "line 0098\n"), (False, "line 0099"))
    ]
    assert list(training.marked_pieces())[-1] == (False, lines[95])


@hypothesis.given(
    st.lists(st.text(st.sampled_from("ab \n"), max_size=12), min_size=2, max_size=30),
    st.sampled_from([None, "line", "item"]),
    st.lists(st.sampled_from(["block", "line", "document"]), min_size=1, max_size=3),
    st.integers(0, 3),
)
def test_no_character_is_lost_or_doubled_by_splits(items, documents, ways, seed):
    sides = []
    try:
        rest = whole = corpora.read([item + "\n" for item in items], documents=documents)
        for by in ways:
            rest, side = corpora.split(rest, 0.3, by, seed)
            sides.append(side)
    except TextrnnError:
        hypothesis.assume(len(sides) > 0)
    found = sorted("".join(side.text() for side in (rest, *sides)))
    assert found == sorted(whole.text())
