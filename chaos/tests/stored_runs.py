"""Writes small stored runs by hand: what the commands that read folders begin with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from chaos.checkers import analyse
from chaos.plan import Call, Plan
from chaos.tests.judging import CONTRACT
from reports.schema import Manifest, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.tests.script import Script
    from reports.schema import Results


def store_run(folder: Path, script: Script, *, scenario: str = "poison", **plan: Any) -> Path:
    """Store a run with its results and return its folder."""
    (folder / "history").mkdir(parents=True)
    lines = [op.to_json() + "\n" for op in script.ops]
    (folder / "history" / "all-1.ndjson").write_text("".join(lines))
    made = Plan(
        scenario=scenario,
        seed=7,
        workers=1,
        processes=1,
        calls=(Call(key="order-1", kind="send_mail", at_seconds=0.0),),
        strikes=(),
        **plan,
    )
    made.write(folder / "plan.json")
    write_json(folder / "manifest.json", manifest(scenario))
    write_json(folder / "results.json", judged(script))
    return folder


def judged(script: Script) -> Results:
    """Judge a script as a run would be."""
    return analyse(script.ops, CONTRACT)


def manifest(scenario: str) -> Manifest:
    """Return the manifest of a run on SQLite."""
    return Manifest(
        scenario=scenario,
        summary="for a test",
        seed=7,
        command=f"nox -s chaos -- run --scenario {scenario} --seed 7 --database sqlite",
        started_at="2026-01-01T00:00:00+00:00",
        duration_seconds=2.5,
        database={"name": "sqlite", "provider": "embedded", "version": "3", "durability": {}},
        subject={
            "name": "background_task",
            "version": "0.1.0",
            "contract": dataclasses.asdict(CONTRACT),
        },
        environment={},
    )
