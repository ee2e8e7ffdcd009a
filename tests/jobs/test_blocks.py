import pytest

from textrnn.errors import TextrnnError
from textrnn.jobs.blocks import LINES_AT_ONCE, LineQueue


def blocks_of(*files):
    """Returns the blocks of files, given as lists of lines or iterables of them."""
    blocks = []
    queue = LineQueue(blocks.append)
    for number, lines in enumerate(files, start=1):
        queue.read(f"file {number}", lines)
    assert queue.num_lines == (blocks[-1].end if blocks else 0)
    return blocks


def test_blocks_grow_to_their_size():
    blocks = blocks_of(map(str, range(5000)))
    assert [len(block.lines) for block in blocks] == [64, 128, 256, 512, 1024, 1024, 1024, 968]
    assert [line for block in blocks for line in block.lines] == list(map(str, range(5000)))
    assert [block.start for block in blocks[:3]] == [0, 64, 192]
    assert str(blocks[2]) == "file 1, lines 193 to 448"
    assert max(len(block.lines) for block in blocks) == LINES_AT_ONCE


def test_each_file_begins_blocks_of_its_own():
    blocks = blocks_of(["a"] * 100, [], ["b"] * 3)
    assert [(block.name, block.line, block.start, block.end) for block in blocks] == [
        ("file 1", 1, 0, 64),
        ("file 1", 65, 64, 100),
        ("file 3", 1, 100, 103),
    ]
    assert blocks_of([], []) == []


def test_lines_before_one_that_cannot_be_read_are_handed_on():
    def lines():
        yield from ["a", "b"]
        raise TextrnnError("line 3 is no text")

    blocks = []
    with pytest.raises(TextrnnError, match="line 3"):
        LineQueue(blocks.append).read("file", lines())
    assert [block.lines for block in blocks] == [["a", "b"]]


def test_what_was_typed_is_one_block():
    blocks = []
    queue = LineQueue(blocks.append)
    queue.typed(["a"] * 100)
    queue.read("file", ["b"])
    assert [(len(block.lines), block.name, block.start) for block in blocks] == [(100, None, 0), (1, "file", 100)]
    assert str(blocks[0]) == "what was typed, lines 1 to 100"


def test_what_stays_as_it_is_is_asked_anew_for_each_file():
    def keeper():
        seen = []

        def kept(lines):
            seen.extend(lines)
            return frozenset([len(seen) - 1])

        return kept

    blocks = []
    queue = LineQueue(blocks.append, keeper)
    queue.read("one", ["a"] * 66)
    queue.read("two", ["b"])
    assert [block.kept for block in blocks] == [{63}, {65}, {0}]
