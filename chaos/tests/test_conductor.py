"""The conductor: strikes come in time, are proven or not, and are healed whatever happens."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaos import conductor
from chaos.arena import Arena
from chaos.bodies import Bodies
from chaos.conductor import Conductor
from chaos.faults.fault import BLUE, Fault, NotLanded, Proof
from chaos.history import History
from chaos.plan import Plan, Strike
from engine.project.recorder import Recorder
from reports.schema import Op

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Stage:
    """A run without processes, whose one fault does what a test says."""

    def __init__(self, folder: Path, strikes: tuple[Strike, ...]) -> None:
        self.folder = folder / "history"
        self.folder.mkdir()
        self.events: list[str] = []
        self.evidence: Mapping[str, Any] | None = {"pids": [812]}
        self.refusal = ""
        self.failure: OSError | None = None
        plan = Plan(scenario="any", seed=7, workers=0, processes=0, calls=(), strikes=strikes)
        self._body = Recorder(self.folder, "body")
        self.history = Recorder(self.folder, "harness")
        arena = Arena(
            plan=plan,
            cluster=cast("Any", None),
            bodies=Bodies(self.folder),
            database=cast("Any", None),
            subject=cast("Any", None),
            history=self.history,
            rng=random.Random(7),  # noqa: S311 - a plan is no secret
            proxies={},
            orders=folder,
        )
        fault = Fault(
            name="frost",
            family="worker",
            summary="",
            disturbs="processes",
            colour=BLUE,
            inflict=self._inflict,
        )
        faults = (
            fault,
            dataclasses.replace(fault, name="pause", disturbs="database", server="halted"),
            dataclasses.replace(fault, name="lock", server="asked"),
        )
        self.conductor = Conductor(arena, {each.name: each for each in faults})

    @contextlib.contextmanager
    def _inflict(self, _arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
        if self.refusal:
            raise NotLanded(self.refusal)
        self.events.append(f"strike {options.get('trigger_pid')}")
        try:
            yield lambda: self.evidence
        finally:
            self.events.append("heal")
            if self.failure is not None:
                raise self.failure

    def start(self, task: str) -> None:
        """A body starts."""
        self._body.write("invoke", "attempt", task=task, value={"pid": 812})

    def ops(self) -> list[Op]:
        """What the faults said."""
        text = next(self.folder.glob("harness-*")).read_text()
        return [Op.from_json(line) for line in text.splitlines()]

    def words(self) -> list[tuple[str, str]]:
        """The types and words of it."""
        return [(op.type, op.f) for op in self.ops()]


def test_a_strike_lands_and_is_healed(tmp_path: Path) -> None:
    """Both are told, in order, with the evidence; then it is over."""
    stage = Stage(tmp_path, (Strike(fault="frost"),))
    stage.conductor.step()
    assert stage.events == ["strike None", "heal"]
    assert stage.words() == [
        ("invoke", "frost"),
        ("ok", "frost"),
        ("invoke", "heal"),
        ("ok", "heal"),
    ]
    assert stage.conductor.is_over
    (window,) = History(stage.ops()).windows
    assert (window.fault, window.disturbs, window.pids) == ("frost", "processes", frozenset({812}))


def test_a_strike_waits_for_the_start_that_triggers_it(tmp_path: Path) -> None:
    """Once, and of that task only; it is told the process."""
    stage = Stage(tmp_path, (Strike(fault="frost", on_start_of="order-1"),))
    stage.start("order-2")
    stage.conductor.step()
    assert stage.events == []
    assert not stage.conductor.is_over
    stage.start("order-1")
    stage.start("order-1")
    stage.conductor.step()
    assert stage.events == ["strike 812", "heal"]


def test_every_start_may_trigger(tmp_path: Path) -> None:
    """As for a task that kills its worker each time."""
    stage = Stage(tmp_path, (Strike(fault="frost", on_start_of="order-1", every_start=True),))
    for _ in range(2):
        stage.start("order-1")
        stage.conductor.step()
    assert stage.events == ["strike 812", "heal"] * 2


def test_one_that_lasts_is_not_healed_before_its_time(tmp_path: Path) -> None:
    """But when the run is over, however it ends."""
    stage = Stage(tmp_path, (Strike(fault="frost", for_seconds=3600.0),))
    stage.conductor.step()
    assert stage.events == ["strike None"]
    assert not stage.conductor.is_over
    stage.conductor.heal()
    assert stage.events == ["strike None", "heal"]
    assert stage.conductor.is_over


def test_a_server_is_not_halted_while_it_is_asked(tmp_path: Path) -> None:
    """But several faults may ask it at the same time."""
    lock = Strike(fault="lock", for_seconds=3600.0)
    stage = Stage(tmp_path, (lock, lock, Strike(fault="pause")))
    stage.conductor.step()
    assert stage.words().count(("ok", "lock")) == 2
    assert ("invoke", "pause") not in stage.words()


def test_one_that_asks_the_server_waits_while_it_is_halted(tmp_path: Path) -> None:
    """A harness that asked a server that stands still could never let it go on."""
    pause = Strike(fault="pause", for_seconds=3600.0)
    lock = Strike(fault="lock", on_start_of="order-1")
    stage = Stage(tmp_path, (pause, lock, Strike(fault="frost")))
    stage.start("order-1")
    stage.conductor.step()
    assert ("invoke", "lock") not in stage.words()
    assert ("ok", "frost") in stage.words()
    assert not stage.conductor.is_over
    stage.conductor._active[0].heal_at = 0.0
    stage.conductor.step()
    stage.conductor.step()
    assert stage.events[-2:] == ["strike 812", "heal"]
    assert stage.conductor.is_over


def test_only_one_halts_the_server_at_a_time(tmp_path: Path) -> None:
    """The second could not tell what the first one does from what itself does."""
    pause = Strike(fault="pause", for_seconds=3600.0)
    stage = Stage(tmp_path, (pause, pause))
    stage.conductor.step()
    assert stage.words().count(("invoke", "pause")) == 1
    assert not stage.conductor.is_over


def test_one_that_waits_its_turn_counts_as_about_to_disturb(tmp_path: Path) -> None:
    """So nobody of the harness begins anything that it would interrupt."""
    lock = Strike(fault="lock", for_seconds=3600.0)
    stage = Stage(tmp_path, (lock,))
    stage.conductor.step()
    assert not stage.conductor.disturbs_database
    (tmp_path / "second").mkdir()
    stage = Stage(tmp_path / "second", (lock, Strike(fault="pause", on_start_of="order-1")))
    stage.start("order-1")
    stage.conductor.step()
    assert stage.conductor.disturbs_database


def test_one_that_cannot_be_healed_keeps_no_other_from_it(tmp_path: Path) -> None:
    """And what never struck is told all the same."""
    strikes = (
        *(Strike(fault="frost", for_seconds=3600.0) for _ in range(3)),
        Strike(fault="lock", on_start_of="order-1"),
    )
    stage = Stage(tmp_path, strikes)
    stage.conductor.step()
    stage.failure = OSError("out of luck")
    with pytest.raises(OSError, match="out of luck"):
        stage.conductor.heal()
    assert stage.events.count("heal") == 3
    assert ("info", "lock") in stage.words()


def test_one_that_waited_until_the_end_has_not_landed(tmp_path: Path) -> None:
    """And it is told for what."""
    strikes = (Strike(fault="pause", for_seconds=3600.0), Strike(fault="lock"))
    stage = Stage(tmp_path, strikes)
    stage.conductor.step()
    assert stage.conductor.disturbs_database
    stage.conductor.heal()
    assert stage.conductor.is_over
    (missed,) = [op for op in stage.ops() if (op.type, op.f) == ("info", "lock")]
    assert missed.error is not None
    assert missed.error.startswith("other faults were at the server")


def test_one_that_is_not_seen_to_land_has_not_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a little time; then it is told that nobody saw it, which makes a run UNKNOWN."""
    monkeypatch.setattr(conductor, "PATIENCE_SECONDS", 0.0)
    stage = Stage(tmp_path, (Strike(fault="frost"),))
    stage.evidence = None
    stage.conductor.step()
    assert ("info", "frost") in stage.words()
    (window,) = History(stage.ops()).windows
    assert window.landed is None


def test_one_that_finds_no_victim_has_not_landed(tmp_path: Path) -> None:
    """The reason is told."""
    stage = Stage(tmp_path, (Strike(fault="frost"),))
    stage.refusal = "there was no process to freeze"
    stage.conductor.step()
    assert stage.conductor.is_over
    assert stage.ops()[-1].error == "there was no process to freeze"


def test_one_whose_trigger_never_comes_has_not_landed(tmp_path: Path) -> None:
    """A fault that was planned and forgotten must not pass."""
    stage = Stage(tmp_path, (Strike(fault="frost", on_start_of="order-1"),))
    stage.conductor.heal()
    assert stage.conductor.is_over
    assert stage.ops()[-1].type == "info"
    assert "order-1 never came" in str(stage.ops()[-1].error)
