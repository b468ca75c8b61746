"""The probe of a database server: one connection of its own, one thread.

It looks at the sessions ten times a second and at the server's counters twice. A connection that
breaks is opened again as soon as the server answers; until then nothing is sampled. What the
probe itself does to the server is taken off the counts.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import os
import socket
import time
from typing import TYPE_CHECKING, Any

from loadtests.probes.observed import DatabaseProbe, Observed, rounded, top_statements
from loadtests.probes.sampler import Sampler
from loadtests.probes.series import Counters, Gauges
from loadtests.probes.waits import Waits
from reports.load_steps import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.databases import Database

LOOK_SECONDS = 0.1
LOOKS_PER_COUNT = 5
MARK = "/* killproof probe */"
OWN = "own"
"""The name of the counter of the probe's own statements."""


class Session:
    """One connection of the probe, which counts the statements that it sends."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.sent = 0

    def ask(self, query: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement of the probe's, marked as such, and return its rows."""
        self.sent += 1
        with contextlib.closing(self.connection.cursor()) as cursor:
            # At its end, as the server's account of statements leaves out what comes before one.
            cursor.execute(f"{query} {MARK}", parameters)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def cut(self) -> None:
        """End the connection under whoever waits on it: a paused server would never answer."""
        with (
            contextlib.suppress(Exception),
            socket.socket(fileno=os.dup(self._descriptor())) as connected,
        ):
            connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, broken or not."""
        with contextlib.suppress(Exception):
            self.connection.close()

    def _descriptor(self) -> int:
        # psycopg's connection has a number; PyMySQL's keeps its socket to itself.
        if hasattr(self.connection, "fileno"):
            return int(self.connection.fileno())
        return int(self.connection._sock.fileno())  # noqa: SLF001 - see above


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """One look at all sessions: what they wait for, and what else was seen of them."""

    waits: Mapping[str, int]
    gauges: Mapping[str, float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One reading of the server: what only grows, what moves, and its account of statements.

    Attributes:
        statements: calls, milliseconds and rows, by the server's own id of a kind of statement.
    """

    counters: Mapping[str, float]
    gauges: Mapping[str, float]
    statements: Mapping[str, tuple[float, float, float]]


class ServerProbe(DatabaseProbe):
    """What the probes of servers share."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: Session | None = None
        self._looks = 0
        self._waits = Waits()
        self._gauges = Gauges()
        self._counters: Counters[str] = Counters()
        self._statements: Counters[tuple[str, int]] = Counters()
        self._texts: dict[str, str] = {}
        self._sampler = Sampler(database.name, LOOK_SECONDS, self._look)

    @abc.abstractmethod
    def open(self, session: Session) -> None:
        """Ready a new connection."""

    @abc.abstractmethod
    def sessions(self, session: Session) -> Sessions:
        """Look at the sessions of the database under test."""

    @abc.abstractmethod
    def counts(self, session: Session) -> Counts:
        """Read the server's counters."""

    @abc.abstractmethod
    def texts(self, session: Session) -> dict[str, str]:
        """Read the text of each kind of statement, by the server's id of it."""

    @abc.abstractmethod
    def named(
        self, counters: Mapping[str, float], statements: Sequence[Statement]
    ) -> dict[str, float]:
        """Turn the counters of a window into those that resources have, by their names."""

    def start(self) -> None:
        """Connect and begin."""
        self._sampler.start()

    def stop(self) -> None:
        """End, with a last look if the server still answers."""
        session = self._session
        if not self._sampler.stop() and session is not None:
            session.cut()
            self._sampler.stop()
        self._drop()

    def resources(self, begin_ns: int, end_ns: int) -> Observed:
        """Tell what was seen within a window of CLOCK_MONOTONIC."""
        waits, samples = self._waits.within(begin_ns, end_ns)
        statements = self._statements_within(begin_ns, end_ns)
        counters = self.named(self._counters.within(begin_ns, end_ns), statements)
        counters |= self._gauges.largest(begin_ns, end_ns)
        return Observed(
            waits=waits,
            wait_samples=samples,
            statements=top_statements(statements),
            counters=rounded(counters),
        )

    def _statements_within(self, begin_ns: int, end_ns: int) -> list[Statement]:
        grown = self._statements.within(begin_ns, end_ns)
        return [
            Statement(
                text=self._texts.get(name, name),
                calls=round(calls),
                total_ms=round(grown[name, 1], 3),
                rows=round(grown[name, 2]),
            )
            for (name, field), calls in grown.items()
            if field == 0 and round(calls) and MARK not in self._texts.get(name, "")
        ]

    def _look(self) -> None:
        try:
            self._look_through(self._session or self._connect())
        except Exception:  # noqa: BLE001 - each driver has its own, and none may end a step
            self._drop()

    def _look_through(self, session: Session) -> None:
        seen = self.sessions(session)
        now = time.monotonic_ns()
        self._waits.look(now, seen.waits)
        self._gauges.sample(now, seen.gauges)
        if self._looks % LOOKS_PER_COUNT == 0 or self._sampler.is_stopping:
            self._count(session)
        self._looks += 1

    def _count(self, session: Session) -> None:
        begun = time.monotonic_ns()
        counts = self.counts(session)
        now = (begun + time.monotonic_ns()) // 2
        self._counters.sample(now, counts.counters)
        self._gauges.sample(now, counts.gauges)
        fields = {
            (name, field): value
            for name, values in counts.statements.items()
            for field, value in enumerate(values)
        }
        self._statements.sample(now, fields)
        if not counts.statements.keys() <= self._texts.keys():
            self._texts |= self.texts(session)

    def _connect(self) -> Session:
        session = Session(self._database.connect())
        self._session = session
        self._looks = 0
        self.open(session)
        return session

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
