"""The blind judgement of translations: who wrote what stays out of the sheet, and every verdict finds its systems."""

import pathlib
import sys

import pytest

RECIPE = pathlib.Path(__file__).parents[2] / "benchmarks" / "recipes" / "eng-spa"


@pytest.fixture
def judge(monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPE))
    import judge_visitors

    yield judge_visitors
    for name in ("judge_visitors", "held_out"):
        sys.modules.pop(name)


def test_verdicts_are_counted_for_the_systems_that_wrote_a_translation(judge, tmp_path, monkeypatch, capsys):
    first, second, *_ = rows = judge.visitors()
    one = [row.spanish[0] for row in rows]  # the reference itself
    other = ["mal", *one[1:]]
    monkeypatch.setattr(judge, "outputs", lambda systems, sentences: [("one", one), ("other", other)])
    sheet, result = tmp_path / "sheet.tsv", tmp_path / "result.tsv"
    judge.make_sheet(sheet, ["one", "other"])
    lines = sheet.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(rows) + 1  # equal translations stand once
    assert not any(system in line.split("\t") for line in lines for system in ("one", "other", "reference"))
    assert {line.split("\t")[1] for line in lines[1:3]} == {first.english}
    judged = [line if line.startswith("number") else line.replace("\t\t", "\tright\t") for line in lines]
    judged = [line.replace("\tright\t", "\twrong\t") if "\tmal\t" in line else line for line in judged]
    sheet.write_text("\n".join(judged), encoding="utf-8")
    judge.count(sheet, result)
    printed = capsys.readouterr().out
    assert f"one: {len(rows)} of {len(rows)} right (100.0%)" in printed
    assert f"other: {len(rows) - 1} of {len(rows)} right" in printed
    assert f"wrong: {first.kind} 1" in printed
    assert f"other\t{first.kind}\t{first.english}\tmal\twrong\t" in result.read_text(encoding="utf-8").splitlines()
    assert second.english in result.read_text(encoding="utf-8")


def test_a_sheet_that_is_not_filled_in_is_refused(judge, tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "outputs", lambda systems, sentences: [("one", list(sentences))])
    judge.make_sheet(tmp_path / "sheet.tsv", ["one"])
    with pytest.raises(SystemExit, match="row 1: has the verdict ''"):
        judge.count(tmp_path / "sheet.tsv", tmp_path / "result.tsv")
