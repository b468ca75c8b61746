"""Tells people what a run does: a line for each finished step, and on a terminal the time left."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import TaskID

    from reports.load_schema import Semantics
    from reports.load_steps import Step

MARKS: Final = {
    "pass": "[green]✔ pass[/]",
    "fail": "[red]✘ fail[/]",
    "generator_limited": "[yellow]? generator[/]",
    "measured": "· measured",
}


class Announcer:
    """What a run is announced with."""

    def __init__(self, console: Console, progress: Progress, task: TaskID) -> None:
        self._console = console
        self._progress = progress
        self._task = task
        self._begun = time.monotonic()
        self._expected = 0.0

    def expect(self, seconds: float) -> None:
        """Set how long the whole run is going to take, as far as one can tell."""
        self._expected = seconds
        self._progress.update(self._task, total=seconds)

    def phase(self, text: str) -> None:
        """Say what happens now."""
        elapsed = time.monotonic() - self._begun
        left = max(0.0, self._expected - elapsed)
        self._progress.update(
            self._task,
            description=text,
            completed=min(elapsed, self._expected),
            left=f"about {math.ceil(left / 60)} min left" if left else "",
        )

    def say(self, text: str) -> None:
        """Print a sentence that stays."""
        self._console.print(escape(text), soft_wrap=True)

    def step(self, step: Step) -> None:
        """Print a finished step; it fits 80 columns where its reason is short."""
        p99 = step.latency["end_to_end"].p99_ms if "end_to_end" in step.latency else None
        reason = f"  {escape(step.reasons[0])}" if step.reasons else ""
        self._console.print(
            f"{step.id:<22} {step.offered_rate:7.0f}/s offered {step.goodput:7.0f}/s done"
            f"  p99 {_milliseconds(p99):>8}  {MARKS[step.verdict]}{reason}",
            soft_wrap=True,
        )

    def trial(self, trial: Semantics) -> None:
        """Print what kills did to a contender."""
        self._console.print(
            f"{trial.target.contender:<28} {trial.fault:<6} {trial.kills} kills: {trial.lost} lost,"
            f" {trial.stuck} stuck, {trial.duplicated} twice, {trial.dead_lettered or 0} given up,"
            " recovered in"
            f" {_milliseconds(trial.recovery_ms_p50)} (median)",
            soft_wrap=True,
        )


@contextlib.contextmanager
def announcing(console: Console) -> Iterator[Announcer]:
    """Show progress until the end of the block."""
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=20),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None, left="")
        yield Announcer(console, progress, task)


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
