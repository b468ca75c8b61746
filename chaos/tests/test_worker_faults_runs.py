"""Faults of workers in small real runs on SQLite, with the reference engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaos import workload
from chaos.faults import patience
from chaos.plan import Call, Plan, Strike
from chaos.run import Run
from engine.databases import open_database
from engine.subjects import BackgroundTask
from reports.schema import Verdict, read_history

if TYPE_CHECKING:
    from pathlib import Path

    from reports.schema import Results

pytestmark = pytest.mark.processes


def _run(folder: Path, calls: list[Call], strikes: list[Strike], seconds: float = 30.0) -> Results:
    plan = Plan(
        scenario="test",
        seed=1,
        workers=1,
        processes=2,
        calls=tuple(calls),
        strikes=tuple(strikes),
        timeout_seconds=seconds,
    )
    with open_database("sqlite", folder) as database:
        run = Run(
            plan=plan,
            subject=BackgroundTask(),
            database=database,
            folder=folder / "run",
            on_phase=lambda _: None,
        )
        return run.execute()


def _ends(folder: Path) -> dict[str, tuple[str, int]]:
    """Return the state and the attempts of each row at the end, by the task's key."""
    return {
        str(op.task): (op.value["state"], op.value["attempts"])
        for op in read_history(folder / "run")
        if op.process == "final-read" and op.f == "row"
    }


def _healthy(count: int) -> list[Call]:
    return [
        Call(key=f"mail-{number}", kind="send_mail", at_seconds=0.1 * number)
        for number in range(count)
    ]


def test_every_poison_ends_and_the_healthy_do_not_suffer(tmp_path: Path) -> None:
    """What harms its process fails after all its attempts; what only looks bad is done at once."""
    poisons = [
        workload.poisonous(f"zoo-{kind}", name, *args, at_seconds=0.2)
        for kind, (name, args) in workload.ZOO.items()
    ]
    strike = Strike(
        fault="poison",
        on_start_of="zoo-orphan",
        for_seconds=0.5,
        options={"harm": "orphan"},
    )

    results = _run(tmp_path, [*_healthy(20), *poisons], [strike], seconds=1.0)

    assert results.verdict == Verdict.VALID, results
    ends = _ends(tmp_path)
    for kind in workload.ZOO:
        is_harmless = kind in workload.HARMLESS
        assert ends[f"zoo-{kind}"] == (("completed", 1) if is_harmless else ("failed", 3)), kind
    assert {ends[f"mail-{number}"][0] for number in range(20)} == {"completed"}


@pytest.mark.parametrize(
    ("statement", "at"),
    [("claim", "after-commit"), ("enqueue", "before-commit")],
)
def test_a_crash_at_a_statement_loses_nothing(tmp_path: Path, statement: str, at: str) -> None:
    """The process that came to it is seen dead, and its tasks run again."""
    order = Call(key="order", kind="place_order", at_seconds=0.5)
    strike = Strike(fault="crash", for_seconds=0.2, options={"statement": statement, "at": at})

    results = _run(tmp_path, [*_healthy(10), order], [strike])

    assert results.verdict == Verdict.VALID, results
    (landed,) = [op for op in read_history(tmp_path / "run") if op.f == "crash" and op.type == "ok"]
    (order_taken,) = [op for op in read_history(tmp_path / "run") if op.f == "order"]
    assert landed.value["pids"] == [order_taken.value["pid"]]
    assert _ends(tmp_path)["order-mail"][0] == "completed"


def test_a_crash_that_nobody_comes_to_makes_the_run_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No task fails here, so nobody ever runs the statement of a failure."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.3)
    strike = Strike(fault="crash", options={"statement": "fail", "at": "before"})

    results = _run(tmp_path, _healthy(5), [strike])

    assert results.verdict == Verdict.UNKNOWN
