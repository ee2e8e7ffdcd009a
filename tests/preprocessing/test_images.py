import gzip
import hashlib
import io

import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.preprocessing import images, labelled

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
DIGITS = np.array([3, 1, 4, 1, 5], np.uint8)


def idx(array, magic):
    head = b"".join(size.to_bytes(4, "big") for size in (magic, *array.shape))
    return gzip.compress(head + array.tobytes())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cls" / "mnist"
    path.mkdir(parents=True)
    monkeypatch.setenv("TEXTRNN_CORPORA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


def test_the_original_files(folder):
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(idx(PICTURES, images.IMAGES))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(DIGITS, images.LABELS))
    found = labelled.read("mnist:test")
    assert [label for (label,) in found.labels] == [3, 1, 4, 1, 5]
    np.testing.assert_allclose(found.sequences[2], PICTURES[2] / 255, rtol=1e-6)


def test_an_archive(folder):
    np.savez(folder / "train.npz", images=PICTURES, labels=DIGITS)
    assert labelled.read("mnist:train").sequences[0].shape == (28, 28)


def test_a_download_is_checked_and_kept(folder, monkeypatch):
    archive = io.BytesIO()
    np.savez(archive, x_train=PICTURES, y_train=DIGITS)
    calls = []

    def opened(url, timeout):
        calls.append(url)
        return io.BytesIO(archive.getvalue())

    monkeypatch.setattr("urllib.request.urlopen", opened)
    with pytest.raises(TextrnnError, match="is not the file that is known"):
        images.mnist("train")
    monkeypatch.setattr(images, "SHA256", hashlib.sha256(archive.getvalue()).hexdigest())
    for _ in range(2):
        assert len(images.mnist("train")[1]) == 5
    assert len(calls) == 2  # the refused one, and one more


def test_without_a_network_it_says_where_to_put_it(folder, monkeypatch):
    def refused(url, timeout):
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refused)
    with pytest.raises(TextrnnError, match="could not be downloaded"):
        images.mnist("test")


@pytest.mark.parametrize(
    "content", [b"", b"not gzip", gzip.compress(b"\0\0\0\1abc")], ids=["empty", "not gzip", "another form"]
)
def test_damage_is_noticed(folder, content):
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(DIGITS, images.LABELS))
    with pytest.raises(TextrnnError, match="is damaged"):
        images.mnist("test")


def test_another_part_has_no_name(folder):
    with pytest.raises(TextrnnError, match="must be one of 'train', 'test'"):
        labelled.read("mnist:validation")
