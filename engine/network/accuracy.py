"""Measure what the proxy adds to a round trip here: ``python -m engine.network.accuracy``.

The figure that counts is that of the machine on which a load test runs.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING

from engine.network.delay_proxy import DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUESTION = b"x" * 64


def round_trips_ms(delay_seconds: float | None, samples: int) -> list[float]:
    """Measure round trips to an echo on this machine, ascending; None goes past the proxy."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(_echo())
        if delay_seconds is not None:
            port = stack.enter_context(DelayProxy("127.0.0.1", port, delay_seconds)).port
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sorted(_round_trip_ms(connection) for _ in range(samples))


def main() -> None:
    """Print a line for each of a few round trips."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for wanted_ms in (None, 0.0, 1.0, 2.0, 5.0):
        delay_seconds = None if wanted_ms is None else wanted_ms / 2000
        taken = round_trips_ms(delay_seconds, samples)
        name = "without a proxy" if wanted_ms is None else f"{wanted_ms:.0f} ms asked for"
        p99 = taken[int(0.99 * (len(taken) - 1))]
        median = statistics.median(taken)
        sys.stdout.write(
            f"{name:16} least {taken[0]:.3f} ms, median {median:.3f} ms, p99 {p99:.3f} ms\n"
        )


def _round_trip_ms(connection: socket.socket) -> float:
    begun = time.perf_counter()
    connection.sendall(_QUESTION)
    missing = len(_QUESTION)
    while missing:
        missing -= len(connection.recv(missing))
    return (time.perf_counter() - begun) * 1000


@contextlib.contextmanager
def _echo() -> Iterator[int]:
    """Serve one connection with what it sends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def _answer(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(65536):
            connection.sendall(data)


if __name__ == "__main__":
    main()
