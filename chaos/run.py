"""One run: setup, steady, chaos, heal, drain, quiesce, final read; then the analysis."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any, Final

from chaos import observation
from chaos.bodies import Bodies
from chaos.checkers import analyse
from chaos.cluster import Cluster
from chaos.faults import Faults
from engine.project.recorder import Recorder
from engine.subjects import audit
from reports.schema import Results, read_history, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaos.plan import Plan
    from engine.databases import Database
    from engine.subjects import Subject

PATIENCE_SECONDS: Final = 9.0
"""How much longer than the contract's recovery the drain waits without seeing any progress."""

FAULT_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 45.0
"""The longest drain, for a queue that moves and never ends."""

STEP_SECONDS: Final = 0.004
QUIET_SECONDS: Final = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A plan, and what it is carried out on.

    Attributes:
        folder: an empty folder; it becomes the stored run.
        on_phase: is told the name of each phase when it begins.
    """

    plan: Plan
    subject: Subject
    database: Database
    folder: Path
    on_phase: Callable[[str], None]

    def execute(self) -> Results:
        """Carry the plan out, store the history, and return and store the verdict.

        Whatever happens, no worker and no producer is left when this returns or raises.
        """
        for name in ("history", "logs", "marks"):
            (self.folder / name).mkdir(parents=True)
        self.plan.write(self.folder / "plan.json")
        history = Recorder(self.folder / "history", "harness")
        cluster = Cluster(self.subject, self.database, self.folder, history)
        try:
            self._carry_out(cluster, history)
        finally:
            # Whatever is left by now was interrupted, and so are its tasks.
            cluster.stop(seconds=0.0)
            history.close()
        results = analyse(read_history(self.folder), self.subject.contract())
        write_json(self.folder / "results.json", results)
        return results

    def _carry_out(self, cluster: Cluster, history: Recorder) -> None:
        self._begin("setup", history)
        self.database.reset()
        cluster.migrate()
        with observation.connected(self.database) as connection:
            audit.install(connection, self.database.name, self.subject.tables)
            cluster.start_workers(self.plan.workers, self.plan.processes)
            bodies = Bodies(self.folder / "history")
            faults = Faults(self.plan.kills, cluster, bodies, history)
            self._begin("steady", history)
            cluster.start_producers(self.plan.producers, self.folder / "plan.json")
            self._offer(cluster, faults, history)
            is_drained = self._drain(connection, cluster, faults, history)
            self._begin("quiesce", history)
            is_drained = is_drained and self._is_quiet(connection)
            cluster.stop()
            faults.strike()  # what poison did last
            self._read(connection, history, is_drained=is_drained)

    def _offer(self, cluster: Cluster, faults: Faults, history: Recorder) -> None:
        """Let the producers enqueue, and strike while they do."""
        self._begin("chaos", history)
        deadline = time.monotonic() + FAULT_SECONDS
        while not (cluster.are_producers_done() and faults.are_over):
            if time.monotonic() > deadline:
                break  # a fault that was not triggered leaves its trace: the verdict is UNKNOWN
            faults.strike()
            cluster.tend()
            time.sleep(STEP_SECONDS)
        self._begin("heal", history)

    def _drain(self, connection: Any, cluster: Cluster, faults: Faults, history: Recorder) -> bool:
        """Wait until no row lives, nothing has moved for too long, or time is up; tell which."""
        self._begin("drain", history)
        patience = self.subject.contract().recovery_seconds + PATIENCE_SECONDS
        state, moved_at = self._live_state(connection), time.monotonic()
        deadline = moved_at + DRAIN_SECONDS
        while state[0] and time.monotonic() < min(deadline, moved_at + patience):
            faults.strike()
            cluster.tend()
            time.sleep(STEP_SECONDS * 5)
            former, state = state, self._live_state(connection)
            if state != former:
                moved_at = time.monotonic()
        return not state[0]

    def _is_quiet(self, connection: Any) -> bool:
        time.sleep(QUIET_SECONDS)
        return not self._live_state(connection)[0]

    def _read(self, connection: Any, history: Recorder, *, is_drained: bool) -> None:
        self._begin("final-read", history)
        name = self.database.name
        offset_ns = observation.clock_offset_ns(connection, name)
        observation.record_audit(connection, self.subject, history, offset_ns=offset_ns)
        observation.record_final_rows(
            connection, self.subject, name, history, is_drained=is_drained
        )

    def _live_state(self, connection: Any) -> tuple[Any, ...]:
        return observation.live_state(connection, self.subject, self.database.name)

    def _begin(self, phase: str, history: Recorder) -> None:
        history.write("ok", "phase", value={"name": phase})
        self.on_phase(phase)
