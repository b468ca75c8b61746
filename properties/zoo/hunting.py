"""Hunts a specimen in one layer, from one seed: what is found, after how many examples."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyFailure
from hypothesis.internal.conjecture import engine

from properties.crash_points.operations import OPERATIONS
from properties.crash_points.points import crash_points
from properties.interleaving import schedules
from properties.machine import QueueMachine
from properties.machine.runs import run as run_machine
from properties.races import RACES, play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from background_task.databases import QueueDatabase
    from chaos.zoo import Specimen
    from properties.interleaving import Sessions

STEPS: Final = 40
SHRINKING_SECONDS: Final = 4
SCENARIO_SECONDS: Final = 300
_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)*(?=: )")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one hunt found.

    Attributes:
        name: the anomaly, or empty.
        examples: how many it took to find it, or how many there were.
    """

    name: str
    examples: int
    seconds: float
    counterexample: str = ""


class Search:
    """Counts the examples of a search up to the first that fails."""

    def __init__(self) -> None:
        self.examples = 0
        self.found_at: int | None = None
        self._begun = time.monotonic()

    @contextlib.contextmanager
    def example(self) -> Iterator[None]:
        """Run one example."""
        self.examples += 1
        try:
            yield
        except AssertionError:
            self.note_failure()
            raise

    def note_failure(self) -> None:
        """Note that the example failed; what follows is the search for a smaller one."""
        self.found_at = self.found_at or self.examples

    def ended(self, error: BaseException | None) -> Found:
        """Return what was found; an anomaly is what its message begins with."""
        name = _NAME.match(str(error)) if error is not None else None
        return Found(
            name=name[0] if name else ("" if error is None else type(error).__name__),
            examples=self.found_at or self.examples,
            seconds=time.monotonic() - self._begun,
            counterexample=_smallest(error),
        )


def in_model(number: int, budget: int) -> Found:
    """Hunt with the model machine."""
    search = Search()

    class Machine(QueueMachine):
        def __init__(self) -> None:
            search.examples += 1
            super().__init__()

        def teardown(self) -> None:
            # Called while the error is on its way, if there is one.
            if sys.exc_info()[0] is not None:
                search.note_failure()
            super().teardown()

    def run() -> None:
        run_machine(Machine, _settings(budget, stateful_step_count=STEPS), first_seed=number)

    return search.ended(_error_of(run))


def in_race(
    name: str,
    database: QueueDatabase,
    sessions: Sessions,
    number: int,
    *,
    budget: int,
    faults: int,
) -> Found:
    """Hunt in the orders of one race."""
    search, race = Search(), RACES[name]

    @seed(number)
    @_settings(budget)
    @given(schedule=schedules(race.sessions, most_faults=faults))
    def run(schedule: Any) -> None:
        with search.example():
            play(race, database, sessions, schedule)

    return search.ended(_error_of(run))


def in_crash_points(name: str, database: QueueDatabase, sessions: Sessions) -> Found:
    """Hunt at every gate of one operation, in their order."""
    search, before = Search(), sessions.plays
    error = _error_of(lambda: crash_points(OPERATIONS[name], database, sessions))
    search.examples = sessions.plays - before
    return search.ended(error)


def in_chaos(specimen: Specimen, database: str, number: int, folder: Path) -> Found:
    """Hunt with real processes, in one scenario."""
    search = Search()
    command = [sys.executable, "-m", "chaos", "--subject", f"chaos.zoo:{specimen.name}"]
    command += ["--scenario", specimen.where, "--database", database, "--seed", str(number)]
    command += ["--json", "--out", str(folder)]
    for _ in range(specimen.budget):
        search.examples += 1
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SCENARIO_SECONDS, check=False
        )
        names = _names(done.stdout) if done.returncode == 1 else set()
        if names & specimen.anomalies:
            name = min(names & specimen.anomalies)
            return dataclasses.replace(search.ended(None), name=name, counterexample=name)
    return search.ended(None)


@contextlib.contextmanager
def _short_shrinking() -> Iterator[None]:
    """Look for a smaller counterexample for some seconds only; Hypothesis has no setting for it."""
    saved = engine.MAX_SHRINKING_SECONDS
    engine.MAX_SHRINKING_SECONDS = SHRINKING_SECONDS
    try:
        yield
    finally:
        engine.MAX_SHRINKING_SECONDS = saved


def _settings(budget: int, **more: Any) -> settings:
    return settings(
        max_examples=budget,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
        report_multiple_bugs=False,
        **more,
    )


def _error_of(run: Callable[[], object]) -> BaseException | None:
    try:
        with _short_shrinking():
            run()
    except FlakyFailure as flaky:
        # The engine behaves otherwise the second time; what it did the first time is in there.
        return flaky.exceptions[0]
    except Exception as error:  # noqa: BLE001 - whatever a broken engine makes of it
        return error
    return None


def _smallest(error: BaseException | None) -> str:
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    return "\n".join([str(error), *notes]).strip() if error is not None else ""


def _names(printed: str) -> set[str]:
    """Return the anomalies that a session found, from what ``--json`` prints."""
    return {name for cell in json.loads(printed)["cells"] for name in cell["anomalies"]}
