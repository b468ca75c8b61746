"""What a search for runs that go wrong says to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from chaos.table import STYLES
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from chaos.exploration.outcome import Outcome


def tell_end(outcome: Outcome, database: str, terminal: Console) -> None:
    """Say how a swarm ended, and if nothing is known of it, why."""
    faults = ", ".join(sorted({strike.fault for strike in outcome.plan.strikes})) or "no fault"
    terminal.print(
        f"seed {outcome.seed} on {database}: {STYLES[outcome.verdict]}  [dim]{faults}[/]"
    )
    for doubt in outcome.doubts:
        terminal.print(f"  {escape(doubt)}", soft_wrap=True)


def counts(outcomes: Sequence[Outcome]) -> Table:
    """Count the verdicts."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("swarms", "VALID", "INVALID", "UNKNOWN"):
        table.add_column(heading, justify="right")
    verdicts = [outcome.verdict for outcome in outcomes]
    counted = (verdicts.count(each) for each in (Verdict.VALID, Verdict.INVALID, Verdict.UNKNOWN))
    table.add_row(str(len(verdicts)), *map(str, counted))
    return table


def tell_finding(outcome: Outcome, options: str, terminal: Console) -> None:
    """Say what was found, if anything, how small it became, and how to see it again."""
    smallest, folder = outcome.smallest, outcome.folder
    if smallest is None or folder is None:
        return
    faults = ", ".join(strike.fault for strike in smallest.strikes) or "no fault"
    terminal.print(
        f"- seed {outcome.seed}: [bold]{escape(', '.join(sorted(outcome.anomalies)))}[/]; smallest:"
        f" {len(smallest.calls)} calls, {faults}, {smallest.workers} workers; it failed"
        f" {outcome.failed} of {outcome.tries} times.\n"
        f"  nox -s chaos -- replay {folder.parent / 'smallest'} {options} --times 10",
        soft_wrap=True,
    )
