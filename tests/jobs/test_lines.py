"""Many lines in several processes, and in several goes: the same bytes as in one."""

import gzip
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT, assert_refused
from textrnn import evaluate, generate, translate


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Two files that are long enough for eight blocks, the second one packed."""
    directory = tmp_path_factory.mktemp("lines")
    rows = [" ".join("abcdefgh"[: number % 7]) for number in range(700)]
    plain, packed = directory / "one.txt", directory / "two.txt.gz"
    plain.write_text("".join(f"{row}\n" for row in rows[:500]))
    packed.write_bytes(gzip.compress("".join(f"{row}\n" for row in rows[500:]).encode()))
    return plain, packed, rows


@pytest.fixture(scope="module")
def alone(lines, reverser, tmp_path_factory):
    """What one process writes: translations with how sure the model is of them, and alignments."""
    output = tmp_path_factory.mktemp("alone") / "out.txt"
    aligned = output.with_suffix(".pharaoh")
    translate.command([*map(str, arguments(lines, reverser, output, aligned))])
    return output.read_bytes(), aligned.read_bytes()


def arguments(lines, reverser, output, aligned, *more):
    files = ["--input", *lines[:2], "--output", output, "--alignments", aligned, "--confidence"]
    return [*files, "--model", reverser[1], "--num-beams", 2, *more]


def test_two_processes_write_the_same_bytes_as_one(call, lines, reverser, alone, tmp_path):
    output, aligned = tmp_path / "out.txt", tmp_path / "aligned"
    status, printed, error = call(translate, *arguments(lines, reverser, output, aligned, "--jobs", 2))
    assert (status, printed) == (0, "")
    assert (output.read_bytes(), aligned.read_bytes()) == alone
    assert [row.split("\t")[1] for row in output.read_text().splitlines()] == [row[::-1] for row in lines[2]]
    assert f"{output}: 700 lines for the 700 of {lines[0]}, {lines[1]}\n" in error


def test_standard_input_in_two_processes(call, lines, reverser, monkeypatch):
    content = lines[0].read_bytes() + b"a b"  # no newline at the end
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
    status, printed, error = call(translate, "c d", "-", "--model", reverser[1], "--jobs", 2, "--num-beams", 2)
    assert (status, error) == (0, "")
    assert printed.splitlines() == ["d c", *(row[::-1] for row in lines[2][:500]), "b a"]


def test_lines_before_one_that_is_no_text_are_translated_by_all_processes(call, reverser, tmp_path):
    damaged = tmp_path / "in.txt"
    damaged.write_bytes(b"a b\n" * 300 + b"\xff\n" + b"a b\n" * 300)
    status, printed, error = call(translate, "--input", damaged, "--model", reverser[1], "--jobs", 2)
    assert (status, printed) == (2, "b a\n" * 300)
    assert "in.txt, line 301, byte 1" in error


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("size", "after"),
    [(0, 0), (70, 0), (5_000, None), (-3, None), (None, 700)],
    ids=["nothing", "less than a block", "the middle", "the end of a line", "all"],
)
def test_what_was_interrupted_goes_on(call, lines, reverser, alone, tmp_path, jobs, size, after):
    output, aligned = tmp_path / "out.txt", tmp_path / "aligned"
    output.write_bytes(alone[0][:size])
    aligned.write_bytes(alone[1])  # more than the other file
    status, _, error = call(translate, *arguments(lines, reverser, output, aligned, "--resume", "--jobs", jobs))
    assert status == 0
    assert (output.read_bytes(), aligned.read_bytes()) == alone
    assert after is None or f"goes on after {after} lines" in error
    assert "700 lines for the 700" in error


def test_what_was_not_there_begins(call, lines, reverser, alone, tmp_path):
    output, aligned = tmp_path / "out.txt", tmp_path / "aligned"
    assert call(translate, *arguments(lines, reverser, output, aligned, "--resume"))[0] == 0
    assert (output.read_bytes(), aligned.read_bytes()) == alone


def test_what_is_something_else_is_not_gone_on_with(call, lines, reverser, alone, tmp_path):
    output, aligned = tmp_path / "out.txt", tmp_path / "aligned"
    for content, words in (
        (b"something else\n" * 100, "was made of other lines"),
        (alone[0] + b"more\n" * 200, "has answers to 900 lines"),
    ):
        output.write_bytes(content)
        aligned.write_bytes(b"\n" * 2000)
        assert_refused(call(translate, *arguments(lines, reverser, output, aligned, "--resume")), words)
        assert output.read_bytes() == content
    assert_refused(call(translate, "--input", lines[0], "--resume", "--model", reverser[1]), "Pass --output")
    json = ["--input", lines[0], "--output", output, "--json", "--resume", "--model", reverser[1]]
    assert_refused(call(translate, *json), "neither --json")


def test_what_is_wrong_is_known_before_the_output_is_touched(call, lines, tmp_path):
    output = tmp_path / "out.txt"
    output.write_text("precious\n")
    read = ["--input", lines[0], "--output", output]
    assert_refused(call(translate, *read, "--model", "no-such-model", "--jobs", 2), "no-such-model")
    assert_refused(call(translate, *read, "--jobs", 0), "`jobs` must be a whole number")
    (tmp_path / "damaged.txt").write_bytes(b"\0")
    for name in ("no such.txt", "damaged.txt"):
        assert_refused(call(translate, "--input", tmp_path / name, "--output", output), name)
        assert_refused(call(translate, "--input", tmp_path / name, "--output", tmp_path / "new.txt", "--resume"), name)
    assert output.read_text() == "precious\n"
    assert not (tmp_path / "new.txt").exists()
    (tmp_path / "empty.txt").write_text("")
    assert call(translate, "--input", tmp_path / "empty.txt", "--output", output)[0] == 0
    assert output.read_text() == ""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc here")
def test_a_killed_process_costs_nothing_and_an_interrupted_run_goes_on(lines, reverser, alone, tmp_path):
    """One process of two is killed; then all is interrupted, as from a terminal, and resumed."""
    output, aligned = tmp_path / "out.txt", tmp_path / "aligned"
    command = [sys.executable, "-m", "textrnn.translate"]
    command += map(str, arguments(lines, reverser, output, aligned, "--jobs", 2))
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, process_group=0) as process:
        os.kill(worker_of(process.pid), signal.SIGKILL)
        wait_until(lambda: output.exists() and output.stat().st_size > 200)
        os.killpg(process.pid, signal.SIGINT)
        error = process.communicate(timeout=20)[1]
    if "700 lines for the 700" in error:  # all was done before the signal came, perhaps while Python was ending
        assert process.returncode in (0, -signal.SIGINT)
    else:
        assert (process.returncode, error) == (130, "interrupted\n")
    assert alone[0].startswith(output.read_bytes())
    assert subprocess.run([*command, "--resume"], cwd=ROOT, capture_output=True, check=True).stdout == b""
    assert (output.read_bytes(), aligned.read_bytes()) == alone


def worker_of(process):
    """Waits for a process that another one has started to work for it, and returns its number."""
    wait_until(lambda: children(process))
    return children(process)[0]


def children(process):
    """Returns the numbers of the processes that another one has started with `spawn`."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            if parent == process and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(holds):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_scores_of_two_processes_are_those_of_one(call, lines, reverser, tmp_path):
    sources, references = tmp_path / "source", tmp_path / "reference"
    sources.write_text("".join(f"{row}\n" for row in lines[2][:200]))
    references.write_text("".join(f"{row[::-1]}\n" for row in lines[2][:200]))
    arguments = [
        "translation",
        "--source",
        sources,
        "--references",
        references,
        "--model",
        reverser[1],
        "--num-beams",
        2,
    ]
    alone = call(evaluate, *arguments, "--save", tmp_path / "one")
    assert call(evaluate, *arguments, "--save", tmp_path / "two", "--jobs", 2) == alone
    assert alone[0] == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == references.read_bytes()


def test_a_perplexity_of_two_processes_is_that_of_one(call, trained, lighthouse):
    """Windows of 200 tokens, of which 64 are scored together."""
    arguments = ["perplexity", lighthouse, lighthouse, "--model", trained[1], "--window", 200, "--json", "--explain"]
    alone = call(evaluate, *arguments)
    assert alone[0] == 0
    assert call(evaluate, *arguments, "--jobs", 2)[:2] == alone[:2]


def test_prompts_of_a_file(call, trained, tmp_path):
    """What is drawn for a line depends on the seed and its number, not on the process or the lines around it."""
    prompts, output = tmp_path / "prompts.txt", tmp_path / "out.txt"
    prompts.write_text("The\\nlamp\n" + "It was\n" * 80 + "\n")
    options = ["--model", trained[1], "--max-tokens", 12, "--num-samples", 2, "--seed", 4]
    status, printed, _ = call(generate, "--input", prompts, *options)
    texts = printed.splitlines()
    assert (status, len(texts)) == (0, 164)
    assert all(text.startswith("The\\nlamp") for text in texts[:2])
    assert len(set(texts[2:162])) > 100  # the same prompt, other texts
    alone = call(generate, "The\nlamp", *options, "--json")[1]
    assert [generate.escaped(result["text"]) for result in json.loads(alone)["results"]] == texts[:2]
    many = ["--input", prompts, "--output", output, *options]
    assert call(generate, *many, "--jobs", 2)[0] == 0
    assert output.read_text() == printed
    output.write_text("".join(f"{text}\n" for text in texts[:150]) + "The end of")
    assert "goes on after 64 lines" in call(generate, *many, "--resume")[2]
    assert output.read_text() == printed
    results = json.loads(call(generate, "--input", prompts, *options, "--json")[1])["results"]
    assert [generate.escaped(result["text"]) for result in results] == texts


@pytest.mark.parametrize("text", ["", "a\nb\tc", "\\n", "\\\\\n\\", "é\\t\t"])
def test_a_text_in_one_line_is_the_same_text(text):
    assert "\n" not in generate.escaped(text)
    assert generate.unescaped(generate.escaped(text)) == text


def test_what_does_not_go_with_prompts_of_a_file(call, trained, tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("It\n")
    read = ["--input", prompts, "--model", trained[1]]
    for more in (["It"], ["--explain"], ["--unique"], ["--memorisation"], ["--new-only"]):
        assert_refused(call(generate, *read, *more), "--input continues each line of a file, and no more")
    assert_refused(call(generate, *read, "--output", tmp_path / "out", "--resume"), "--resume needs the --seed")
    assert_refused(call(generate, "It", "--model", trained[1], "--jobs", 2), "--jobs is for --input")
    assert_refused(call(generate, "It", "--model", trained[1], "--output", tmp_path / "x"), "--output is for --input")
