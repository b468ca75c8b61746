"""One run: setup, steady, chaos, heal, drain, quiesce, final read; then the analysis."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import time
from typing import TYPE_CHECKING, Any, Final, cast

from chaos import observation
from chaos.arena import Arena
from chaos.bodies import Bodies
from chaos.census import Census
from chaos.checkers import Intention, analyse
from chaos.cluster import Cluster
from chaos.conductor import Conductor
from chaos.faults import FAULTS
from chaos.mortality import Mortality
from chaos.stall import Stall
from engine.project.recorder import Recorder
from engine.subjects import audit
from reports.schema import Results, read_history, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from chaos.plan import Plan
    from chaos.proxy import Protocol, Proxy
    from engine.databases import Database
    from engine.subjects import Contract, Subject

PATIENCE_SECONDS: Final = 9.0
"""How much longer than the contract's recovery a run waits without seeing any progress."""

FAULT_SECONDS: Final = 60.0
"""How long after the plan's end a trigger is awaited in any case."""

DRAIN_SECONDS: Final = 45.0
"""How long a queue may move in the drain without becoming shorter; it might never end."""

STEP_SECONDS: Final = 0.004
QUIET_SECONDS: Final = 0.5
SESSIONS_SECONDS: Final = 2.0
"""How long a server may take to notice that its clients are gone."""


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

        Whatever happens, no worker and no producer is left when this returns or raises, and every
        fault is healed.
        """
        for name in ("history", "logs", "marks", "orders"):
            (self.folder / name).mkdir(parents=True)
        self.plan.write(self.folder / "plan.json")
        history = Recorder(self.folder / "history", "harness")
        with contextlib.closing(history), self._proxies() as proxies:
            cluster = Cluster(self.subject, self._entries(proxies), self.folder, history)
            try:
                self._carry_out(cluster, history, proxies)
            finally:
                # Whatever is left by now was interrupted, and so are its tasks.
                cluster.stop(seconds=0.0)
        contract = contract_of(self.subject, self.plan)
        results = analyse(
            read_history(self.folder),
            contract,
            exercises=self.plan.exercises,
            intended=Intention.of(self.plan),
        )
        write_json(self.folder / "results.json", results)
        return results

    @contextlib.contextmanager
    def _proxies(self) -> Iterator[Mapping[str, Proxy]]:
        """Give what workers and producers connect through, if a fault of the plan needs it."""
        with contextlib.ExitStack() as stack:
            proxies: dict[str, Proxy] = {}
            if any(FAULTS[strike.fault].needs_proxy for strike in self.plan.strikes):
                from chaos.proxy import Proxy

                protocol = cast("Protocol", self.database.name)
                for role in ("worker", "producer"):
                    proxies[role] = Proxy(protocol, "127.0.0.1", self.database.port)
                    proxies[role].start()
                    stack.callback(proxies[role].stop)
            yield proxies

    def _entries(self, proxies: Mapping[str, Proxy]) -> Mapping[Any, Mapping[str, Any]]:
        """Return the entry of Django's DATABASES that each role gets."""
        direct = self.database.django_settings()
        through = {
            role: {**direct, "HOST": "127.0.0.1", "PORT": str(proxy.port)}
            for role, proxy in proxies.items()
        }
        return {"harness": direct, "worker": direct, "producer": direct, **through}

    def _carry_out(self, cluster: Cluster, history: Recorder, proxies: Mapping[str, Proxy]) -> None:
        self._begin("setup", history)
        self.database.reset()
        cluster.migrate()
        with observation.connected(self.database) as connection:
            audit.install(connection, self.database.name, self.subject.tables)
        arena = Arena(
            plan=self.plan,
            cluster=cluster,
            bodies=Bodies(self.folder / "history"),
            database=self.database,
            subject=self.subject,
            history=history,
            rng=random.Random(f"{self.plan.seed}/arena"),  # noqa: S311 - a plan is no secret
            proxies=proxies,
            orders=self.folder / "orders",
        )
        cluster.start_workers(self.plan)
        self._begin("steady", history)
        cluster.start_producers(self.plan.producers, self.folder / "plan.json")
        with contextlib.closing(Mortality(arena.bodies, history)) as mortality:
            self._offer(arena, mortality)
            # A connection of before the faults may not have outlived them.
            with observation.connected(self.database) as connection:
                self._end(connection, arena, mortality)

    def _offer(self, arena: Arena, mortality: Mortality) -> None:
        """Let the producers enqueue, and strike while they do; in the end all faults are healed."""
        self._begin("chaos", arena.history)
        deadline = time.monotonic() + self.plan.length_seconds + FAULT_SECONDS
        news = Stall(self._patience)
        conductor = Conductor(arena)
        census = Census(self.database, self.subject, arena.history)
        try:
            while not (arena.cluster.are_producers_done() and conductor.is_over):
                if time.monotonic() > deadline and news.is_over:
                    break  # a fault that was not triggered leaves its trace: UNKNOWN
                conductor.step()
                # Bodies may make up keys for ever; a plan has only so many.
                news.hear(min(len(arena.bodies.tasks), len(self.plan.calls)))
                arena.cluster.tend()
                mortality.look()
                census.look(is_disturbed=conductor.disturbs_database)
                time.sleep(STEP_SECONDS)
            self._begin("heal", arena.history)
        finally:
            census.close()
            conductor.heal()

    def _end(self, connection: Any, arena: Arena, mortality: Mortality) -> None:
        is_drained = self._drain(connection, arena, mortality)
        # Before they are stopped: from then on none of them came to its own end.
        is_produced = arena.cluster.are_producers_done()
        self._begin("quiesce", arena.history)
        is_drained = is_drained and self._is_quiet(connection)
        arena.cluster.stop()
        mortality.look()
        self._await_sessions(connection)
        own = self.database.session(connection)
        observation.record_sessions(self.database, arena.history, own=own)
        observation.record_census(connection, self.subject, arena.history)
        self._read(connection, arena.history, drained=is_drained, produced=is_produced)

    def _drain(self, connection: Any, arena: Arena, mortality: Mortality) -> bool:
        """Wait until no row lives; tell whether that came, and not a stall."""
        self._begin("drain", arena.history)
        state = self._live_state(connection)
        fewest = state[0]
        moving, shrinking = Stall(self._patience), Stall(DRAIN_SECONDS)
        census = Census(self.database, self.subject, arena.history)
        while state[0] and not (moving.is_over or shrinking.is_over):
            arena.cluster.tend()
            arena.bodies.catch_up()
            mortality.look()
            census.look(is_disturbed=False)
            time.sleep(STEP_SECONDS * 5)
            state = self._live_state(connection)
            fewest = min(fewest, state[0])
            moving.hear(state)
            shrinking.hear(fewest)
        census.close()
        return not state[0]

    @property
    def _patience(self) -> float:
        return self.subject.contract().recovery_seconds + PATIENCE_SECONDS

    def _is_quiet(self, connection: Any) -> bool:
        time.sleep(QUIET_SECONDS)
        return not self._live_state(connection)[0]

    def _await_sessions(self, connection: Any) -> None:
        own = self.database.session(connection)
        deadline = time.monotonic() + SESSIONS_SECONDS
        while time.monotonic() < deadline:
            if all(session.number == own for session in self.database.sessions()):
                return
            time.sleep(STEP_SECONDS * 5)

    def _read(self, connection: Any, history: Recorder, **ends: bool) -> None:
        self._begin("final-read", history)
        name = self.database.name
        offset_ns = observation.clock_offset_ns(connection, name)
        audited = observation.record_audit(connection, self.subject, history, offset_ns=offset_ns)
        summary = {**ends, "audited": audited}
        observation.record_final_rows(connection, self.subject, name, history, summary=summary)

    def _live_state(self, connection: Any) -> tuple[Any, ...]:
        return observation.live_state(connection, self.subject, self.database.name)

    def _begin(self, phase: str, history: Recorder) -> None:
        history.write("ok", "phase", value={"name": phase})
        self.on_phase(phase)


def contract_of(subject: Subject, plan: Plan) -> Contract:
    """Return what the subject promises in a run of that plan."""
    contract = subject.contract()
    if plan.timeout_seconds is None or contract.timeout_seconds is None:
        return contract
    return dataclasses.replace(contract, timeout_seconds=plan.timeout_seconds)
