"""The proxy as a harness uses it: a port, and toxics to apply from any thread.

It listens on 127.0.0.1 only. Its loop runs in a thread of its own; after ``stop`` there is no
thread, no socket and no connection left.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from random import Random
from typing import TYPE_CHECKING, Final, Self, TypeVar

from chaos.proxy.statements import LoseAnswers
from chaos.proxy.switchboard import Switchboard
from chaos.proxy.toxics import Bandwidth, Blackhole, Cut, DropNotifications, Latency, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

    from chaos.proxy.statements import At
    from chaos.proxy.wire import Protocol

_ANSWER_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0

T = TypeVar("T")


class ProxyFailed(Exception):  # noqa: N818 - it is the proxy that failed
    """The proxy could not start, or does not answer: one sentence."""


class Proxy:
    """A port of 127.0.0.1 that leads to a database server.

    Each method that returns a context manager applies a toxic while the context is open, to
    connections that are open already too, and gives the toxic, whose counters say what it did.
    Contexts may overlap and end in any order; to end one after ``stop`` is fine.

    Attributes:
        port: what to connect to instead of the server's port; another one after each ``start``.
    """

    def __init__(self, name: Protocol, host: str, port: int) -> None:
        self.port = 0
        self._name: Protocol = name
        self._target = (host, port)
        self._thread: threading.Thread | None = None
        self._switchboard = Switchboard(name, host, port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = asyncio.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, and return when clients may connect; twice is fine."""
        if self._thread is not None:
            return
        self._switchboard = Switchboard(self._name, *self._target)
        self._is_over = asyncio.Event()
        started: Future[int] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name=f"proxy-{self._name}", daemon=True
        )
        self._thread.start()
        try:
            self.port = started.result(_ANSWER_SECONDS)
        except OSError as error:
            self.stop()
            raise ProxyFailed(f"The proxy found no port to listen on: {error}.") from error

    def stop(self) -> None:
        """Reset all connections and end the thread; twice is fine."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._is_over.set)
        thread.join(_STOP_SECONDS)
        self._loop = None

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return self._switchboard.connections

    def latency(
        self, seconds: float, jitter_seconds: float = 0.0, rng: Random | None = None
    ) -> AbstractContextManager[Latency]:
        """Delay each direction by so much, more or less the jitter."""
        rng = rng or Random(0)  # noqa: S311 - repeatable on purpose
        return self._applied(Latency(seconds=seconds, jitter_seconds=jitter_seconds, rng=rng))

    def bandwidth(self, bytes_per_second: float) -> AbstractContextManager[Bandwidth]:
        """Let each direction of each connection carry so much and no more."""
        return self._applied(Bandwidth(bytes_per_second=bytes_per_second))

    def refuse(self) -> AbstractContextManager[Refuse]:
        """Reset new connections at once; open ones stay."""
        return self._applied(Refuse())

    def blackhole(self) -> AbstractContextManager[Blackhole]:
        """Swallow all bytes, ends and resets; at the end, reset the connections that lost some."""
        return self._applied(Blackhole())

    def cut_after(self, count_bytes: int) -> AbstractContextManager[Cut]:
        """Reset each connection as soon as it has carried so many bytes more."""
        return self._applied(Cut(count_bytes=count_bytes))

    def drop_notifications(self) -> AbstractContextManager[DropNotifications]:
        """Leave PostgreSQL's notifications out."""
        return self._applied(DropNotifications())

    def lose_answers(
        self, statement: str, at: At = "commit", times: int = 1
    ) -> AbstractContextManager[LoseAnswers]:
        """Lose answers that say that a statement, or its COMMIT, took effect: see LoseAnswers."""
        return self._applied(LoseAnswers(statement=statement, at=at, times=times))

    def reset(self) -> int:
        """Reset all open connections, once, at both ends; return how many there were."""
        return self._call(self._switchboard.reset)

    @contextlib.contextmanager
    def _applied(self, toxic: T) -> Iterator[T]:
        switchboard = self._switchboard
        self._call(lambda: switchboard.apply(toxic))
        try:
            yield toxic
        finally:
            # After a stop there is nothing to heal, even if the proxy was started again.
            if self._thread is not None and switchboard is self._switchboard:
                self._call(lambda: switchboard.heal(toxic))

    def _call(self, function: Callable[[], T]) -> T:
        """Have the loop's thread call a function."""
        if self._thread is None or self._loop is None:
            raise ProxyFailed("The proxy is not running: start() it first.")
        done: Future[T] = Future()

        def call() -> None:
            try:
                done.set_result(function())
            except Exception as error:  # noqa: BLE001 - it is the caller's
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return done.result(_ANSWER_SECONDS)

    def _run(self, started: Future[int]) -> None:
        try:
            asyncio.run(self._serve(started))
        except OSError as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(self, started: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        await self._switchboard.serve(started.set_result, self._is_over)
