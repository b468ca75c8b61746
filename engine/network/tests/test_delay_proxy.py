"""A client sees the same server through the proxy, only later."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.network import DelayProxy, ProxyFailed
from engine.network.accuracy import round_trips_ms
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 30.0
BIG = 32 << 20
HARNESS = """
import sys
from engine.network import DelayProxy

proxy = DelayProxy("127.0.0.1", 9, 0.0)
proxy.start()
print(proxy.pid, flush=True)
sys.stdin.read()
"""


def test_a_round_trip_takes_twice_the_delay_longer() -> None:
    """The delay is paid once in each direction, and never less than asked for."""
    fastest = round_trips_ms(0.02, samples=5)[0]

    assert 40 <= fastest < 400


def test_a_big_transfer_arrives_whole_and_in_order_in_both_directions() -> None:
    """What an echo sends back through the proxy is what was sent, byte for byte."""
    sent = os.urandom(BIG)

    with server(echo) as port, DelayProxy("127.0.0.1", port, 0.001) as proxy:
        received = exchange(proxy.port, sent)

    assert len(received) == BIG
    assert hashlib.sha256(received).digest() == hashlib.sha256(sent).digest()


def test_delays_do_not_add_up_over_a_transfer() -> None:
    """A transfer of over a hundred chunks takes a few delays longer, not one for each chunk."""
    begun = time.monotonic()
    with server(echo) as port, DelayProxy("127.0.0.1", port, 0.2) as proxy:
        exchange(proxy.port, bytes(BIG))

    # One delay for each of the at least 128 chunks of one direction would be 25 seconds.
    assert time.monotonic() - begun < 15


def test_an_end_is_forwarded_and_the_other_direction_goes_on() -> None:
    """A server that answers when its client has said all can still answer."""
    with server(answer_at_the_end) as port, DelayProxy("127.0.0.1", port, 0.005) as proxy:
        assert exchange(proxy.port, b"question") == b"QUESTION"


def test_a_reset_is_forwarded_as_a_reset() -> None:
    """A client learns that its server crashed, as it does without a proxy."""
    with (
        server(reset) as port,
        DelayProxy("127.0.0.1", port, 0.005) as proxy,
        pytest.raises(ConnectionResetError),
    ):
        exchange(proxy.port, b"question")


def test_a_server_that_is_not_there_resets_its_clients() -> None:
    """A connection to nowhere ends at once, in an error rather than in silence."""
    with (
        DelayProxy("127.0.0.1", free_port(), 0.001) as proxy,
        pytest.raises(ConnectionResetError),
    ):
        exchange(proxy.port, b"question")


def test_it_listens_on_the_loopback_only() -> None:
    """Nobody from another machine can get in."""
    with DelayProxy("127.0.0.1", 9, 0.0) as proxy:
        connections = psutil.Process(proxy.pid).net_connections("inet")

    assert [(one.laddr.ip, one.status) for one in connections] == [("127.0.0.1", "LISTEN")]


def test_stopped_it_has_left_no_process_and_no_connection() -> None:
    """After stop, which may be called twice, clients are let go and the process is gone."""
    with server(echo) as port:
        proxy = DelayProxy("127.0.0.1", port, 0.0)
        proxy.start()
        pid = proxy.pid
        with connected(proxy.port) as connection:
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
            proxy.stop()
            proxy.stop()
            assert ended(connection)

    assert pid is not None
    assert not psutil.pid_exists(pid)


def test_it_ends_with_its_parent() -> None:
    """A harness that is killed takes its proxy with it."""
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as harness:
        assert harness.stdout is not None
        proxy = psutil.Process(int(harness.stdout.readline()))
        harness.send_signal(signal.SIGKILL)

    wait_until(lambda: not proxy.is_running() or proxy.status() == psutil.STATUS_ZOMBIE)


def test_a_delay_below_zero_is_refused() -> None:
    """The mistake is named."""
    with pytest.raises(ValueError, match="below zero"):
        DelayProxy("127.0.0.1", 9, -1.0)


def test_a_proxy_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that fails is one sentence, and leaves no process."""
    monkeypatch.setattr("engine.network.forwarder.__file__", os.devnull)

    with pytest.raises(ProxyFailed, match=r"127\.0\.0\.1:9 did not start"):
        DelayProxy("127.0.0.1", 9, 0.0).start()


def exchange(port: int, sent: bytes) -> bytes:
    """Send everything, end, and return all that comes back."""
    received = bytearray()
    with connected(port) as connection, concurrent.futures.ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_send, connection, sent)
        while data := connection.recv(1 << 18):
            received += data
    # A reset is told once: to the half that asks first.
    if isinstance(error := sending.result(), ConnectionResetError):
        raise error
    return bytes(received)


def _send(connection: socket.socket, sent: bytes) -> OSError | None:
    try:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        return error
    return None


def connected(port: int) -> socket.socket:
    """Connect to a port of this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def ended(connection: socket.socket) -> bool:
    """Tell whether the other side has let go."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def free_port() -> int:
    """Choose a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection on the port that is given."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_SECONDS)
        thread = threading.Thread(target=_accept, args=(listener, serve))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    connection, _ = listener.accept()
    connection.settimeout(PATIENCE_SECONDS)
    with connection, contextlib.suppress(ConnectionError):
        serve(connection)


def echo(connection: socket.socket) -> None:
    """Send back what comes."""
    while data := connection.recv(1 << 18):
        connection.sendall(data)


def answer_at_the_end(connection: socket.socket) -> None:
    """Read all, then answer."""
    question = bytearray()
    while data := connection.recv(1 << 18):
        question += data
    connection.sendall(bytes(question.upper()))


def reset(connection: socket.socket) -> None:
    """Crash after the first byte."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
