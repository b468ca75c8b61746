"""Stored runs of a simulated history: written as a run is, and judged as people judge one."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from typing import TYPE_CHECKING, Any

from rich.console import Console

from chaos.commands.recheck import RECHECK
from chaos.plan import Plan
from reports.schema import Manifest, Verdict, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from engine.subjects.contract import Contract
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the harness made of a stored run: its exit code, and what its report names."""

    exit_code: int
    verdict: Verdict
    named: frozenset[str]


def store(folder: Path, ops: Iterable[Op], contract: Contract) -> Path:
    """Store a history as a run does, and return its folder: a file per process, its contract."""
    (folder / "history").mkdir(parents=True)
    files: dict[str, list[str]] = {}
    for op in ops:
        files.setdefault(re.sub(r"[^\w-]", "-", op.process), []).append(op.to_json() + "\n")
    for name, lines in files.items():
        (folder / "history" / f"{name}.ndjson").write_text("".join(lines))
    plan = Plan(scenario="canary", seed=1, workers=1, processes=1, calls=(), strikes=())
    plan.write(folder / "plan.json")
    write_json(folder / "manifest.json", _manifest(contract))
    return folder


def _manifest(contract: Contract) -> Manifest:
    return Manifest(
        scenario="canary",
        summary="a healthy run with one anomaly let into it",
        seed=1,
        command="python -m properties.canaries",
        started_at="2026-01-01T00:00:00+00:00",
        duration_seconds=400.0,
        database={"name": "sqlite", "provider": "simulated", "version": "0", "durability": {}},
        subject={"name": "simulated", "version": "0", "contract": dataclasses.asdict(contract)},
        environment={},
    )


def judge(run: Path) -> Outcome:
    """Let ``recheck`` judge a stored run, and read what it wrote."""
    report = run / "session.json"
    arguments = [str(run), "--json-file", str(report)]
    options = RECHECK.parser().parse_args(arguments)
    code = RECHECK.execute(options, Console(file=io.StringIO()))
    (cell,) = json.loads(report.read_text())["cells"]
    return Outcome(
        exit_code=code,
        verdict=Verdict(cell["verdict"]),
        named=frozenset(check["name"] for check in cell["checks"] if _is_named(check)),
    )


def _is_named(check: Mapping[str, Any]) -> bool:
    return check["verdict"] == Verdict.INVALID or (
        check["verdict"] == Verdict.UNKNOWN and bool(check["is_required"])
    )
