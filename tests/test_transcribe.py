"""`textrnn transcribe`: what it prints, and that any clip is written down or refused with a sentence."""

import json
import os
import pathlib
import subprocess
import sys
import wave

import numpy as np
import pytest

from tests.clips import tones, write_wave
from tests.conftest import ROOT, assert_refused, random_weights
from textrnn import Recogniser, train, transcribe
from textrnn.config import RecogniserConfig
from textrnn.preprocessing import corpora
from textrnn.tasks.recogniser import character_tokenizer


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A recogniser that has learned nothing: what it writes has no meaning, and is always the same."""
    found = Recogniser()
    tokenizer = character_tokenizer(["abcdef"], lowercase=True)
    found.tokenizers = {"tokenizer": tokenizer}
    found.config = RecogniserConfig(
        vocabulary_size=tokenizer.vocabulary_size, sample_rate=8000, num_bands=10, units=(6,)
    )
    found.weights = random_weights(found.config, scale=1.0)
    directory = tmp_path_factory.mktemp("recogniser") / "model"
    found.save(directory)
    return directory


@pytest.fixture
def clip(tmp_path):
    return write_wave(tmp_path / "clip.wav", tones("lamp boat"))


def test_a_clip_is_a_line(model, clip, call, tmp_path):
    text = Recogniser.load(model).transcribe(clip)
    assert text
    assert call(transcribe, clip, "--model", model) == (0, f"{text}\n", "")
    other = write_wave(tmp_path / "other.wav", tones("a rope"))
    expected = f"{clip}\t{text}\n{other}\t{Recogniser.load(model).transcribe(other)}\n"
    assert call(transcribe, clip, other, "--model", model) == (0, expected, "")


def test_times_and_json(model, clip, call):
    (transcript,) = Recogniser.load(model).transcripts([clip])
    assert call(transcribe, clip, "--times", "--model", model)[1] == f"{transcript}\n"
    content = json.loads(call(transcribe, clip, "--json", "--model", model)[1])
    assert content["model"] == str(model)
    assert content["results"] == [{"file": str(clip), **transcript.to_dict()}]


def test_standard_input(model, clip):
    command = [sys.executable, "-m", "textrnn.transcribe", "-", "--model", str(model)]
    found = subprocess.run(command, input=clip.read_bytes(), capture_output=True, cwd=ROOT, check=True)
    assert found.stdout.decode() == Recogniser.load(model).transcribe(clip) + "\n"


def test_standard_input_is_no_name_of_a_file(model):
    command = [sys.executable, "-m", "textrnn.transcribe", "-", "--model", str(model)]
    found = subprocess.run(command, input=b"ID3\3", capture_output=True, cwd=ROOT, check=False)
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"standard input: is MP3, and WAV files are read. Convert it: ffmpeg -i FILE " in found.stderr


def test_tensorflow_is_not_imported(model, clip):
    code = (
        "import sys; from textrnn import commands, transcribe; "
        f"status = commands.run(transcribe.command, [{str(clip)!r}, '--model', {str(model)!r}]); "
        "sys.exit(status or any(name in sys.modules for name in ('tensorflow', 'keras', 'nltk', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_clips_without_speech_and_clips_that_were_cut_off(model, tmp_path, call):
    silent = write_wave(tmp_path / "silent.wav", np.zeros(16_000))
    assert call(transcribe, silent, "--model", model) == (0, "\n", f"note: {silent}: there is no sound in it\n")
    empty = write_wave(tmp_path / "empty.wav", np.zeros(0))
    assert call(transcribe, empty, "--model", model) == (0, "\n", f"note: {empty}: there is no sound in it\n")
    cut = write_wave(tmp_path / "cut.wav", tones("lamp boat"))
    cut.write_bytes(cut.read_bytes()[:6000])
    status, output, error = call(transcribe, cut, "--model", model)
    assert status == 0
    assert output.strip()
    assert error == f"note: {cut}: it was cut off after 0.4 of 0.7 seconds\n"
    scores = Recogniser.load(model).evaluate([cut] * 5, ["lamp boat"] * 5, num_bootstrap=0)
    assert scores.notes[0] == f"{cut}: it was cut off after 0.4 of 0.7 seconds"
    assert scores.notes[3:] == ("2 more of 5 clips have a note: transcribe them",)


def test_a_clip_that_cannot_be_read_does_not_cost_the_others(model, clip, tmp_path, call):
    text = Recogniser.load(model).transcribe(clip)
    clips = tmp_path / "none.wav", clip, tmp_path / "no such.wav"
    status, output, error = call(transcribe, *clips, "--model", model)
    assert (status, output) == (2, f"{clip}\t{text}\n")
    assert [line.split(":")[1].strip() for line in error.splitlines()[:2]] == [str(clips[0]), str(clips[2])]
    assert error.splitlines()[2] == "error: 2 of 3 clips could not be read."
    status, output, _ = call(transcribe, *clips, "--model", model, "--json")
    assert (status, [one["file"] for one in json.loads(output)["results"]]) == (2, [str(clip)])
    assert call(transcribe, clip, clip, "--model", model, "--num-beams", 0)[2].count("`num_beams`") == 1


def test_several_processes_write_what_one_writes(model, clip, tmp_path):
    other = write_wave(tmp_path / "other.wav", tones("a rope"))
    clips = [str(clip), str(tmp_path / "none.wav"), str(other), str(clip)]
    command = [sys.executable, "-m", "textrnn.transcribe", *clips, "--model", str(model)]
    found = [
        subprocess.run([*command, "--jobs", jobs], cwd=ROOT, capture_output=True, check=False) for jobs in ("1", "2")
    ]
    assert found[0].stdout.count(b"\n") == 3
    assert [(one.returncode, one.stdout, one.stderr) for one in found] == [
        (2, found[0].stdout, found[0].stderr) for _ in found
    ]


def test_the_file_of_a_lexicon_is_read_once(model, clip, tmp_path, call, monkeypatch):
    path = tmp_path / "words.txt"
    path.write_text("abba fade", encoding="utf-8")
    reads = []
    read = corpora.read
    monkeypatch.setattr(corpora, "read", lambda source: reads.append(source) or read(source))
    status, output, error = call(transcribe, clip, clip, "--model", model, "--lexicon", path)
    assert (status, error, reads) == (0, "", [str(path)])
    assert set(output.split()) <= {str(clip), "abba", "fade"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["cannot be read", "No such file"]),
        (b"", ["is empty"]),
        (b"hello", ["is no WAV file", "ffmpeg -i '", "a clip.wav'"]),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\xa0\x0f\0\0\x40\x1f\0\0\2\0\x10\0", ["4,000", "-ar 16000"]),
        (b"OggS" + bytes(100), ["is Ogg", "ffmpeg"]),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x06\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0", ["A-law", "ffmpeg"]),
    ],
)
def test_what_is_refused(content, words, model, tmp_path, call):
    path = tmp_path / "a clip.wav"
    if content is not None:
        path.write_bytes(content)
    assert_refused(call(transcribe, path, "--model", model), str(path), *words)


def test_wrong_use(model, clip, call, trained, tmp_path):
    assert_refused(call(transcribe), "Pass a WAV file")
    assert_refused(call(transcribe, clip, "--model", trained[1]), "holds a 'language-model', not a 'recogniser'")
    assert_refused(call(transcribe, clip, "--model", model, "--num-beams", "0"), "`num_beams` must be")
    assert_refused(call(transcribe, clip, "--model", model, "--language-model-weight", "1"), "pass `language_model`")
    assert_refused(call(transcribe, "-", "--model", model, "--jobs", "2"), "Standard input", "leave --jobs out")
    assert_refused(call(transcribe, tmp_path, "--model", model), "is a directory", f"{tmp_path}/*.wav")
    assert_refused(call(train, "recogniser", tmp_path, "--output", tmp_path / "out"), "holds no folders with WAV files")
    assert_refused(call(train, "recogniser", clip, "--output", tmp_path / "out"), "clip.wav: is one clip", "manifest")


@pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="reads the memory of a process from /proc")
@pytest.mark.slow
def test_an_hour_of_sound_takes_no_more_memory_than_a_minute(model, tmp_path):
    """In stereo, 44,100 samples a second: 635 MB, of which at most 60 more are there than of a minute."""
    peaks = []
    for minutes in (1, 60):
        path = tmp_path / f"{minutes}.wav"
        minute = np.random.default_rng(0).integers(-3000, 3000, (60 * 44_100, 2)).astype("<i2").tobytes()
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, 44_100, 0, "NONE", ""))
            for _ in range(minutes):
                file.writeframes(minute)
        with open(os.devnull, "w") as nowhere:
            process = subprocess.Popen(
                [sys.executable, "-m", "textrnn.transcribe", str(path), "--model", str(model)], cwd=ROOT, stdout=nowhere
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        peaks.append(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
        path.unlink()
    assert peaks[1] - peaks[0] < 60e6
