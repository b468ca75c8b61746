"""The judge of the mutants: who survived, who is listed, and for what reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from properties.mutation.mutants import Mutant, read_mutants
from properties.mutation.scores import Score, as_table
from properties.mutation.survivors import complaints, read_listed, write_listed

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
def x_find__mutmut_orig(history):
    return history > 1

def x_find__mutmut_1(history):
    return history >= 1

class Judge:
    def xǁJudgeǁjudge__mutmut_orig(self, strict=True):
        return strict

    def xǁJudgeǁjudge__mutmut_1(self, strict=False):
        return strict
"""


def mutant(name: str, code: int | None) -> Mutant:
    """A mutant of one module."""
    return Mutant(module="m", place=name, change="a -> b", repetition=1, exit_code=code)


def test_a_mutant_is_known_by_what_it_changes(tmp_path: Path) -> None:
    """So its name stays while other lines come and go."""
    folder = tmp_path / "mutants" / "chaos"
    folder.mkdir(parents=True)
    (folder / "lost.py").write_text(SOURCE)
    codes = {"chaos.lost.x_find__mutmut_1": 1, "chaos.lost.xǁJudgeǁjudge__mutmut_1": 0}
    (folder / "lost.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    killed, survived = read_mutants(tmp_path)
    assert (killed.module, killed.has_survived) == ("chaos.lost", False)
    assert killed.name == "find: return history > 1 -> return history >= 1"
    assert survived.has_survived
    assert survived.name == "Judge.judge: def (self, strict=True): -> def (self, strict=False):"


@pytest.mark.parametrize(("code", "is_judged"), [(0, True), (1, True), (-24, True), (None, False)])
def test_a_timeout_is_an_end_and_no_end_is_none(code: int | None, is_judged: bool) -> None:
    """What was never run proves nothing."""
    assert mutant("f", code).is_judged is is_judged


def test_whoever_survives_is_listed_and_whoever_is_listed_survives() -> None:
    """And every reason is explained and needed."""
    mutants = [mutant("killed", 1), mutant("known", 0), mutant("unknown", 0)]
    listed = {"m": {"known: a -> b": "tie", "killed: a -> b": "luck", "gone: a -> b": "tie"}}
    reasons = {"tie": "two times are never equal", "idle": "nobody has it"}
    assert list(complaints(mutants, reasons, listed, is_whole=True)) == [
        "no test notices m.unknown: a -> b, and no reason is listed",
        "m.gone: a -> b is listed as a survivor, and is none",
        "m.killed: a -> b is listed as a survivor, and is none",
        "survivors.toml gives the reason 'luck', and does not say what that means",
        "survivors.toml explains the reason 'idle', and no mutant has it",
    ]
    part = list(complaints(mutants[:1], {"tie": "x", "luck": "y"}, listed, is_whole=False))
    assert part == ["m.killed: a -> b is listed as a survivor, and is none"]


def test_the_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Whatever quotes a line of code has."""
    path = tmp_path / "survivors.toml"
    listed = {"m": {"f: \"a\" -> 'b'\\n": "tie", 'g: "x" -> ""': "tie"}}
    write_listed(path, {"tie": "why"}, listed)
    assert read_listed(path) == ({"tie": "why"}, listed)


def test_scores_are_told_module_by_module_and_in_all() -> None:
    """As Markdown."""
    scores = Score.of_modules([mutant("f", 1), mutant("g", 0)])
    assert [(score.name, score.share) for score in scores] == [("m", 0.5), ("all", 0.5)]
    assert as_table(scores).splitlines()[-1] == "| all | 2 | 1 | 1 | 50.0% |"
