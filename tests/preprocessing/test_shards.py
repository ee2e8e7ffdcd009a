import json

import numpy as np
import pytest

from textrnn.errors import TextrnnError
from textrnn.preprocessing import corpora, shards
from textrnn.preprocessing.encoding import encode_corpus, let_go
from textrnn.preprocessing.sequences import TextPlan
from textrnn.preprocessing.survey import survey
from textrnn.preprocessing.tokenizers import make_tokenizer


@pytest.fixture
def encoded(tmp_path, lighthouse):
    """Returns what encodes a text, with lines as documents or as running text."""

    def make(documents=None, text=lighthouse):
        source = corpora.read(text, documents=documents)
        tokenizer = make_tokenizer("char", corpora.read(lighthouse).lines())
        directory = tmp_path / f"encoded {documents}"
        directory.mkdir(exist_ok=True)
        texts = tuple(
            encode_corpus(source, tokenizer, directory, side, markers=documents is not None) for side in shards.SIDES
        )
        return shards.EncodedCorpus(
            (), tokenizer, texts, survey(source), documents, len(texts[0].starts), {}, "", documents is not None
        )

    return make


def kept(encoded, directory, num_shards):
    directory.mkdir()
    shards.written(directory, encoded, num_shards, None)
    return directory


def batches(text, form, batch_size=4):
    plan = TextPlan(text, form, batch_size, 32, 64, seed=3)
    return [(one.inputs.tolist(), one.targets.tolist()) for epoch in (0, 1) for one in plan.batches(epoch)]


@pytest.mark.parametrize(("documents", "form"), [(None, "stream"), ("line", "stream"), ("line", "lines")])
@pytest.mark.parametrize("num_shards", [1, 2, 7])
def test_any_number_of_files_gives_the_same_batches(encoded, tmp_path, documents, form, num_shards):
    text = encoded(documents)
    found = shards.opened([kept(text, tmp_path / "shards", num_shards)])
    assert len(list((tmp_path / "shards").glob("training-*.npy"))) == num_shards
    assert batches(found.texts[0], form) == batches(text.texts[0], form)
    for name in ("num_tokens", "num_characters", "num_unknown", "markers"):
        assert getattr(found.texts[0], name) == getattr(text.texts[0], name)
    assert found.survey == text.survey
    assert found.tokenizer.files() == text.tokenizer.files()


@pytest.mark.parametrize("documents", [None, "line"])
def test_several_directories_are_one_text(encoded, tmp_path, documents):
    """The text twice, from two directories, is the text that stands twice in memory."""
    text = encoded(documents)
    directories = [kept(text, tmp_path / name, number) for name, number in (("a", 2), ("b", 3))]
    found = shards.opened(directories)
    once = text.texts[0]
    assert found.texts[0].num_tokens == 2 * once.num_tokens
    assert found.texts[0].token_ids[:].tolist() == [*once.token_ids.tolist()] * 2
    assert found.survey.num_characters == 2 * text.survey.num_characters
    ends = [*once.ends, *(once.ends + once.num_tokens)] if documents else [2 * once.num_tokens]
    assert found.texts[0].ends.tolist() == ends
    assert len(found.texts[0].starts) == len(ends)


def test_joined_arrays_are_sliced_like_one():
    draw = np.random.default_rng(0)
    parts = [draw.integers(0, 9, size) for size in (3, 0, 1, 5, 0)]
    whole, one = np.concatenate(parts), shards.JoinedArray(parts)
    assert (len(one), one.dtype) == (9, whole.dtype)
    for start in range(-1, 11):
        for stop in range(-1, 11):
            assert one[start:stop].tolist() == whole[start:stop].tolist()
    let_go(one)
    assert one[:].tolist() == whole.tolist()
    assert shards.JoinedArray([whole[:0]])[:5].tolist() == []
    with pytest.raises(IndexError):
        one[::2]


def damaged(directory, name, content):
    (directory / name).write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: (d / "training-2-of-3.npy").unlink(), "training-2-of-3.npy: is missing"),
        (lambda d: damaged(d, "training-2-of-3.npy", b"no array"), "is no .npy file"),
        (lambda d: damaged(d, "training-2-of-3.npy", (d / "training-2-of-3.npy").read_bytes()[:-9]), "is damaged"),
        (
            lambda d: damaged(d, "training-2-of-3.npy", (d / "validation-1-of-1.npy").read_bytes()),
            "tokens, not the .* that were encoded",
        ),
        (lambda d: np.save(d / "training-2-of-3.npy", np.ones(9)), "is damaged"),
        (lambda d: damaged(d, "tokenizer.json", b"{}"), "is not the vocabulary"),
        (lambda d: (d / "tokenizer.json").unlink(), "cannot be read"),
        (lambda d: damaged(d, "shards.json", b"{}"), "cannot be read"),
        (lambda d: damaged(d, "shards.json", b"\xff"), "cannot be read"),
        (lambda d: damaged(d, "shards.json", b'{"format": 7}'), "has format 7; this textrnn reads 1"),
    ],
)
def test_damage_is_noticed(encoded, tmp_path, damage, words):
    directory = kept(encoded(), tmp_path / "shards", 3)
    damage(directory)
    with pytest.raises(TextrnnError, match=words):
        shards.opened([directory])


def test_ids_that_are_no_tokens_are_noticed(encoded, tmp_path):
    directory = kept(encoded(), tmp_path / "shards", 1)
    (path,) = directory.glob("training-*.npy")
    content = bytearray(path.read_bytes())
    content[-2:] = b"\xff\xff"
    path.write_bytes(content)
    with pytest.raises(TextrnnError, match="token ids that the vocabulary does not have"):
        shards.opened([directory])


def test_what_was_encoded_differently_is_not_joined(encoded, tmp_path):
    first, other = kept(encoded(), tmp_path / "a", 1), kept(encoded("line"), tmp_path / "b", 1)
    with pytest.raises(TextrnnError, match="another kind of documents than .*--tokenizer"):
        shards.opened([first, other])
    header = json.loads((other / "shards.json").read_text())
    assert header["markers"]


def test_directories_are_recognised(encoded, tmp_path, lighthouse):
    directory = kept(encoded(), tmp_path / "shards", 1)
    assert shards.shard_directories(directory) == [directory]
    assert shards.shard_directories([str(directory), directory]) == [directory, directory]
    for other in (lighthouse, str(lighthouse), ["some text"], [], None, iter([]), tmp_path):
        assert shards.shard_directories(other) == []
    with pytest.raises(TextrnnError, match="lighthouse.txt: has no shards.json"):
        shards.shard_directories([directory, lighthouse])
    (directory / "shards.json").unlink()
    with pytest.raises(TextrnnError, match="its encoding was not ended"):
        shards.shard_directories(directory)
