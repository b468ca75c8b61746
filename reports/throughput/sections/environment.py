"""Everything that somebody needs to run it again: machines, versions, commands, seeds, digests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reports.page.wording import clip, moment
from reports.throughput.blocks import Facts, Fold, Section, Table, columns
from reports.throughput.comparability import machine_of
from reports.throughput.pieces import code, say, stored
from reports.throughput.quantities import count, seconds
from reports.throughput.wording import machine_name, run_name, words

if TYPE_CHECKING:
    from reports.throughput.blocks import Block
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun


def section(context: Context) -> Section:
    """Show all runs in one table, then each run's environment, folded."""
    blocks: list[Block] = [_runs(context)]
    blocks += [
        Fold(
            title=say("Environment of {run}", run=run_name(run)),
            blocks=(Facts(rows=tuple(_rows(run))),),
        )
        for run in context.runs
    ]
    return Section(id="environment", title="Environment and commands", blocks=tuple(blocks))


def _runs(context: Context) -> Table:
    return Table(
        caption="The runs of this report. The digest is over manifest, steps and findings.",
        columns=columns(
            "Run",
            "Command",
            "Profile",
            "Started",
            "Status",
            "Digest",
            "Seed",
            "Steps",
            "Took",
            figures=3,
        ),
        rows=tuple(_run_row(run) for run in context.runs),
    )


def _run_row(run: LoadRun) -> tuple[Piece, ...]:
    manifest = run.manifest
    return (
        run_name(run),
        code(manifest.command),
        stored(manifest.profile),
        stored(moment(manifest.started_at)),
        say("{status} {why}", status=stored(manifest.status), why=stored(clip(manifest.reason))),
        code(run.digest),
        count(manifest.seed),
        count(len(run.steps)),
        seconds(manifest.duration_seconds),
    )


def _rows(run: LoadRun) -> list[tuple[Piece, Piece]]:
    manifest = run.manifest
    rows: list[tuple[Piece, Piece]] = [
        ("machine", machine_name(machine_of(run))),
        ("summary", stored(clip(manifest.summary))),
        ("profile digest", code(manifest.profile_digest)),
    ]
    rows += [(words(str(key)), _say(value)) for key, value in manifest.environment.items()]
    rows += [
        (say("database {name}", name=stored(entry.get("name", ""))), _say(dict(entry)))
        for entry in manifest.databases
    ]
    rows.append(("profile", _say(manifest.profile_document)))
    return rows


def _say(value: Any) -> Piece:
    """Say any stored value whole: an environment that is cut cannot be set up again."""
    if isinstance(value, str | int | float):
        return stored(value)
    return code(json.dumps(value, default=str, ensure_ascii=False))
