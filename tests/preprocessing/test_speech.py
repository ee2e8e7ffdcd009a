"""Clips and their texts from manifests, folders and memory, and what is wrong with them."""

import re

import numpy as np
import pytest

from tests.clips import tones, write_manifest, write_wave
from textrnn import TextrnnError
from textrnn.config import RecogniserConfig
from textrnn.preprocessing.speech import headers_of, opened_clips, read, read_frames, split
from textrnn.progress import Progress


@pytest.mark.parametrize("header", ["", "file\ttext\tspeaker\n"])
def test_a_manifest_names_files_beside_it(header, tmp_path):
    write_manifest(tmp_path, ["boat", "lamp"])
    (tmp_path / "manifest.tsv").write_text(f"{header}0.wav\tthe  boat\tann\n\n1.wav\tlamp\tben\n")
    clips = read(tmp_path / "manifest.tsv")
    assert clips.sounds == [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    assert (clips.texts, clips.speakers) == (["the boat", "lamp"], ["ann", "ben"])


def test_the_columns_of_common_voice(tmp_path):
    write_manifest(tmp_path, ["boat"])
    (tmp_path / "train.tsv").write_text("client_id\tpath\tsentence\tup_votes\nann\t0.wav\tThe boat.\t2\n")
    clips = read(tmp_path / "train.tsv")
    assert (clips.texts, clips.speakers) == (["The boat."], ["ann"])


def test_a_folder_for_each_text(tmp_path):
    for folder, name in (("yes", "b.wav"), ("yes", "a.WAV"), ("no", "a.wav"), ("_noise", "a.wav"), (".x", "a.wav")):
        (tmp_path / folder).mkdir(exist_ok=True)
        write_wave(tmp_path / folder / name, tones("a"))
    (tmp_path / "yes" / "notes.txt").write_text("not a clip")
    clips = read(tmp_path)
    assert [sound.removeprefix(str(tmp_path)) for sound in clips.sounds] == ["/no/a.wav", "/yes/a.WAV", "/yes/b.wav"]
    assert clips.texts == ["no", "yes", "yes"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "is empty"),
        ("0.wav\n", "line 1: expected the path of a WAV file, a tab and its text"),
        ("0.wav\tboat\n0.wav\t \n", "line 2: expected the path"),
        ("0.wav\tboat\nother.wav\tlamp\n", "line 2: there is no file"),
        ("sound\twords\n0.wav\tboat\n", "If that is the head of a table, name its columns file, text and speaker."),
    ],
)
def test_what_is_wrong_with_a_manifest(lines, message, tmp_path):
    write_manifest(tmp_path, ["boat"])
    (tmp_path / "manifest.tsv").write_text(lines)
    with pytest.raises(TextrnnError, match=re.escape(message)):
        read(tmp_path / "manifest.tsv")


def test_clips_in_memory():
    arrays = [tones("a"), tones("b")]
    clips = read(arrays, ["a", "b"], rate=8000)
    assert [sound.rate for sound in opened_clips(clips.sounds, clips.rate)] == [8000, 8000]
    assert headers_of(clips) == [(8000, 0.08)] * 2
    for data, texts, rate, message in (
        (arrays, ["a"], 8000, "2 clips and 1 text"),
        (arrays, ["a", "b"], None, "how many samples a second the arrays have"),
        (arrays, ["a", ""], 8000, "Text 1: each clip needs a text"),
        (arrays, ["a", 3], 8000, "Text 1: each clip needs a text. Received: 3"),
        ([3, 4], ["a", "b"], 8000, "Clip 0 is neither a path nor an array"),
        ([], [], 8000, "There are no clips"),
        (arrays, None, 8000, "Pass a manifest or a folder"),
    ):
        with pytest.raises(TextrnnError, match=re.escape(message)):
            read(data, texts, rate)


def test_clips_that_were_cut_off_are_named(tmp_path, capsys):
    manifest = write_manifest(tmp_path, ["boat", "lamp"])
    path = tmp_path / "0.wav"
    path.write_bytes(path.read_bytes()[:3000])
    config = RecogniserConfig(vocabulary_size=9, sample_rate=8000)
    read_frames(read(manifest), config, Progress(), "train on")
    expected = f"note: 1 of 2 clips to train on were cut off, and may lack the end of their texts: {path}\n"
    assert expected in capsys.readouterr().err


def test_a_folder_without_clips(tmp_path):
    with pytest.raises(TextrnnError, match="holds no folders with WAV files"):
        read(tmp_path)


def test_frames_of_files_of_other_rates_are_the_same_frames(tmp_path, quiet):
    """A tone of 44,100 samples a second, in stereo and of 24 bits, and the same tone of 8,000."""
    config = RecogniserConfig(sample_rate=8000, num_bands=20)
    write_wave(tmp_path / "a.wav", tones("hello"), 8000)
    both = np.stack([tones("hello", 44_100)] * 2, axis=1)
    write_wave(tmp_path / "b.wav", both, 44_100, width=3)
    one, other = read_frames(read([tmp_path / "a.wav", tmp_path / "b.wav"], ["a", "b"]), config, quiet, "train on")
    assert one.dtype == np.float16
    assert abs(len(one) - len(other)) <= 1
    inner = slice(3, 37)
    loud = one[inner].astype(np.float32) > -4  # the clicks where tones change are not what the lower rate holds
    assert loud.any(axis=1).all()
    np.testing.assert_allclose(one[inner][loud], other[inner][loud], atol=0.1)


def test_a_clip_that_is_too_long_to_be_trained_on(quiet):
    clips = read([np.zeros(61 * 8000, np.float32)], ["a"], rate=8000)
    with pytest.raises(TextrnnError, match="clip 0: is longer than 60 seconds. Cut it into sentences"):
        read_frames(clips, RecogniserConfig(sample_rate=8000), quiet, "train on")


def test_clips_are_set_aside():
    clips = read([tones("a")] * 20, [f"text {number}" for number in range(20)], rate=8000)
    training, validation = split(clips, 0.1)
    assert (len(training), len(validation)) == (18, 2)
    assert sorted(training.texts + validation.texts) == sorted(clips.texts)
    assert split(clips, 0.1)[1].texts == validation.texts
    assert split(clips, 0.1, seed=1)[1].texts != validation.texts
    with pytest.raises(TextrnnError, match="One clip is too few"):
        split(clips.take([0]), 0.1)
