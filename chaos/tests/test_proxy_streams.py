"""The proxy on plain sockets: bytes arrive as they are, and each toxic bites and heals."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chaos.proxy import Proxy, ProxyFailed
from chaos.proxy.lane import IN_FLIGHT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaos.proxy import Protocol

DEADLINE_SECONDS = 20.0
SHORT_SECONDS = 0.1
AN_HOUR = 3600.0
NO_LINGER = struct.pack("ii", 1, 0)
CHUNKS = st.lists(st.binary(min_size=1, max_size=300), max_size=8)


@contextlib.contextmanager
def network(name: Protocol = "postgresql") -> Iterator[tuple[Proxy, socket.socket]]:
    """Give a proxy and the listening socket of the server behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_SECONDS)
        with Proxy(name, "127.0.0.1", listener.getsockname()[1]) as proxy:
            yield proxy, listener


@contextlib.contextmanager
def pair(proxy: Proxy, listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a client and the server's end of its connection, past the start-up."""
    with connected(proxy) as client, listener.accept()[0] as server:
        server.settimeout(DEADLINE_SECONDS)
        # To PostgreSQL's wire, a stream without sense is one endless message.
        client.sendall(b"\xff" * 20_000)
        assert receive(server, 20_000) == b"\xff" * 20_000
        server.sendall(b"\xff" * 5)
        assert receive(client, 5) == b"\xff" * 5
        yield client, server


@contextlib.contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    """Give a client."""
    with socket.create_connection(("127.0.0.1", proxy.port), DEADLINE_SECONDS) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client


def receive(end: socket.socket, size: int) -> bytes:
    """Read so many bytes, or all until the end."""
    data = b""
    while len(data) < size and (more := end.recv(min(size - len(data), 1 << 20))):
        data += more
    return data


def is_reset(end: socket.socket) -> bool:
    """Tell whether what is left to read ends with a reset."""
    try:
        while end.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


def is_turned_away(proxy: Proxy) -> bool:
    """Tell whether a new client is reset, be it while it still connects."""
    try:
        with connected(proxy) as client:
            return is_reset(client)
    except ConnectionResetError:
        return True


def is_silent(end: socket.socket) -> bool:
    """Tell whether neither bytes nor an end arrive for a moment."""
    end.settimeout(SHORT_SECONDS)
    try:
        end.recv(1)
    except TimeoutError:
        return True
    finally:
        end.settimeout(DEADLINE_SECONDS)
    return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so that the proxy's thread does."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def all_of(end: socket.socket) -> bytes:
    """Read to the end."""
    return receive(end, 1 << 40)


@pytest.fixture(scope="module")
def lines() -> Iterator[dict[str, tuple[Proxy, socket.socket]]]:
    """Give one network for each protocol."""
    with network("postgresql") as one, network("mysql") as other:
        yield {"postgresql": one, "mysql": other}


@pytest.mark.parametrize("name", ["postgresql", "mysql"])
@settings(max_examples=50, deadline=None)
@given(said=CHUNKS, answered=CHUNKS)
def test_any_bytes_in_any_chunks_come_out_equal(
    lines: dict[str, Any], name: str, said: list[bytes], answered: list[bytes]
) -> None:
    """What is no protocol at all passes as it came, in both directions, with both ends."""
    # Nothing that the proxy answers itself, and no greeting of MySQL.
    assume(b"\x04\xd2\x16" not in b"".join(said)[:8])
    assume(b"".join(answered)[4:5] != b"\x0a")
    proxy, listener = lines[name]
    with connected(proxy) as client, listener.accept()[0] as server:
        for chunk in said:
            client.sendall(chunk)
        client.shutdown(socket.SHUT_WR)
        for chunk in answered:
            server.sendall(chunk)
        server.shutdown(socket.SHUT_WR)

        assert all_of(server) == b"".join(said)
        assert all_of(client) == b"".join(answered)


def test_a_client_that_has_ended_still_hears_the_server() -> None:
    """Each direction ends by itself; with both, the connection is over."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        client.shutdown(socket.SHUT_WR)
        assert server.recv(1) == b""
        server.sendall(b"late")
        server.shutdown(socket.SHUT_WR)

        assert all_of(client) == b"late"
        wait_for(lambda: proxy.connections == 0)


def test_a_slow_reader_makes_the_sender_wait() -> None:
    """The proxy holds a bounded part of what is on its way, and loses nothing of it."""
    chunk, sent = b"x" * 65536, 0
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        with proxy.latency(AN_HOUR):
            client.settimeout(SHORT_SECONDS)
            with contextlib.suppress(TimeoutError):
                while sent < 200 * IN_FLIGHT_BYTES:
                    sent += client.send(chunk)

        assert sent < 200 * IN_FLIGHT_BYTES
        assert len(receive(server, sent)) == sent


def test_a_reader_that_does_not_read_makes_the_sender_wait() -> None:
    """Without a toxic too."""
    chunk, sent = b"x" * 65536, 0
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        client.settimeout(SHORT_SECONDS)
        with contextlib.suppress(TimeoutError):
            while sent < 200 * IN_FLIGHT_BYTES:
                sent += client.send(chunk)

        assert sent < 200 * IN_FLIGHT_BYTES
        assert len(receive(server, sent)) == sent


@pytest.mark.parametrize("victim", ["client", "server"])
def test_a_reset_arrives_as_a_reset(victim: str) -> None:
    """An end that vanishes is not taken for one that said goodbye."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        gone, other = (client, server) if victim == "client" else (server, client)
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        gone.close()

        assert is_reset(other)
        wait_for(lambda: proxy.connections == 0)


def test_without_a_server_the_client_is_closed_and_later_let_in() -> None:
    """A server that is down is refused to each new client, until it is back on its port."""
    with network() as (proxy, listener):
        port = listener.getsockname()[1]
        listener.close()
        assert is_turned_away(proxy)

        with socket.create_server(("127.0.0.1", port)) as back, pair(proxy, back) as (_, server):
            assert server.fileno() > 0


def test_latency_delays_open_connections_and_heals() -> None:
    """A round trip takes both delays; after the heal, nothing is delayed."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        with proxy.latency(0.1) as latency:
            begun = time.monotonic()
            client.sendall(b"ping")
            server.sendall(receive(server, 4))
            assert receive(client, 4) == b"ping"
            taken = time.monotonic() - begun
        delayed = latency.delayed
        client.sendall(b"ping")

        assert receive(server, 4) == b"ping"
        assert taken >= 0.2
        assert latency.delayed == delayed >= 2


def test_what_latency_holds_arrives_when_it_heals() -> None:
    """A heal does not lose what is on its way."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        with proxy.latency(AN_HOUR) as latency:
            client.sendall(b"ping")
            wait_for(lambda: latency.delayed == 1)
            assert is_silent(server)

        assert receive(server, 4) == b"ping"


def test_jitter_does_not_change_the_order() -> None:
    """A chunk that is drawn a shorter delay waits for the one before it."""
    said = [bytes([number]) * 10 for number in range(50)]
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        rng = Random(7)  # noqa: S311 - no secret
        with proxy.latency(0.02, 0.02, rng) as latency:
            for chunk in said:
                client.sendall(chunk)
            assert receive(server, 500) == b"".join(said)

        assert latency.delayed >= 1


def test_bandwidth_slows_open_connections_and_heals() -> None:
    """So many bytes take so many seconds at least."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        with proxy.bandwidth(20_000) as bandwidth:
            begun = time.monotonic()
            client.sendall(b"x" * 8_000)
            assert len(receive(server, 8_000)) == 8_000
            taken = time.monotonic() - begun
        client.sendall(b"x" * 200_000)

        assert len(receive(server, 200_000)) == 200_000
        assert taken >= 0.4 - 0.05
        assert bandwidth.bytes == 8_000


def test_refused_clients_are_reset_and_open_ones_stay() -> None:
    """The server does not hear of a refused client."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        with proxy.refuse() as refuse:
            assert is_turned_away(proxy)
            client.sendall(b"ping")
            assert receive(server, 4) == b"ping"

        with pair(proxy, listener):
            assert refuse.refused == 1


def test_a_reset_ends_all_open_connections_at_both_ends() -> None:
    """It happens once: the next client is let in."""
    with network() as (proxy, listener):
        with pair(proxy, listener) as one, pair(proxy, listener) as other:
            assert proxy.connections == 2
            assert proxy.reset() == 2
            assert all(is_reset(end) for end in (*one, *other))

        with pair(proxy, listener):
            assert proxy.reset() == 1


def test_a_blackhole_swallows_and_says_nothing_until_it_heals() -> None:
    """No byte, no end and no reset; at the heal, broken streams are reset and others go on."""
    with network() as (proxy, listener), contextlib.ExitStack() as stack:
        client, server = stack.enter_context(pair(proxy, listener))
        quiet = stack.enter_context(pair(proxy, listener))
        with proxy.blackhole() as blackhole:
            client.sendall(b"lost")
            server.sendall(b"gone too")
            wait_for(lambda: blackhole.bytes == 12)
            server.shutdown(socket.SHUT_WR)
            assert is_silent(client)
            assert is_silent(server)

        assert is_reset(client)
        assert is_reset(server)
        assert blackhole.resets == 1
        quiet[0].sendall(b"ping")
        assert receive(quiet[1], 4) == b"ping"


def test_the_server_hears_of_no_client_that_comes_into_a_blackhole() -> None:
    """The client is connected, and nothing ever answers it."""
    with network() as (proxy, listener), contextlib.ExitStack() as stack:
        with proxy.blackhole() as blackhole:
            client = stack.enter_context(connected(proxy))
            client.sendall(b"hello?")
            wait_for(lambda: blackhole.bytes == 6)
            assert is_silent(client)

        assert is_reset(client)
        with pair(proxy, listener):
            assert proxy.connections == 1


def test_each_connection_is_cut_after_so_many_bytes() -> None:
    """The bytes before the cut arrive, and then a reset, at both ends."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        with proxy.cut_after(6) as cut:
            client.sendall(b"four")
            assert receive(server, 4) == b"four"
            server.sendall(b"four")
            assert receive(client, 2) == b"fo"
            assert is_reset(client)
            assert is_reset(server)

        with pair(proxy, listener):
            assert cut.cut == 1


def test_toxics_overlap_and_heal_in_any_order() -> None:
    """The one that is still applied still bites."""
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        slow, lossy = proxy.latency(AN_HOUR), proxy.blackhole()
        slow.__enter__()
        blackhole = lossy.__enter__()
        client.sendall(b"ping")
        slow.__exit__(None, None, None)
        assert is_silent(server)
        assert blackhole.bytes == 4
        lossy.__exit__(None, None, None)

        assert is_reset(server)


def test_a_stop_leaves_nothing() -> None:
    """Whatever is open and under way: no thread, no port, no connection; a heal is no error."""
    threads = threading.active_count()
    with network() as (proxy, listener), pair(proxy, listener) as (client, server):
        port = proxy.port
        with proxy.latency(AN_HOUR), proxy.blackhole() as blackhole, connected(proxy):
            client.sendall(b"x" * IN_FLIGHT_BYTES)
            proxy.stop()

        assert is_reset(client)
        assert is_reset(server)
        assert proxy.connections == 0
        assert threading.active_count() == threads
        assert blackhole.bytes == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_stopped_proxy_can_be_started_again() -> None:
    """Starting and stopping twice is fine, and a toxic needs a running proxy."""
    with network() as (proxy, listener):
        proxy.start()
        proxy.stop()
        proxy.stop()
        with pytest.raises(ProxyFailed, match="not running"):
            proxy.reset()
        proxy.start()
        with pair(proxy, listener):
            assert proxy.connections == 1


def test_toxics_that_make_no_sense_are_refused() -> None:
    """A wrong argument is told where it is given."""
    with network() as (proxy, _):
        for toxic in (
            lambda: proxy.latency(-1.0),
            lambda: proxy.bandwidth(0),
            lambda: proxy.cut_after(-1),
            lambda: proxy.lose_answers("x", times=0),
        ):
            with pytest.raises(ValueError, match=r"\.$"):
                toxic()
