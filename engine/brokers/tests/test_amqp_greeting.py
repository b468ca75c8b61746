"""Reading the first frame of AMQP: what a broker says is read, and all else is refused."""

from __future__ import annotations

import contextlib
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from engine.brokers.amqp_greeting import greeting

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 20.0


def text(value: str) -> bytes:
    """Write a long string with its type."""
    return b"S" + struct.pack(">I", len(value)) + value.encode()


def table(fields: dict[str, bytes]) -> bytes:
    """Write a table without its type."""
    content = b"".join(bytes([len(name)]) + name.encode() + field for name, field in fields.items())
    return struct.pack(">I", len(content)) + content


def start(properties: bytes, method: bytes = struct.pack(">HH", 10, 10)) -> bytes:
    """Write the frame of Connection.Start."""
    payload = method + b"\x00\x09" + properties
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


@contextlib.contextmanager
def broker_that_says(answer: bytes) -> Iterator[int]:
    """Listen on a port, answer the first client and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        listener.settimeout(SECONDS)
        served = thread.submit(answer_once, listener, answer)
        yield listener.getsockname()[1]
        assert served.result(SECONDS) == b"AMQP\x00\x00\x09\x01"


def answer_once(listener: socket.socket, answer: bytes) -> bytes:
    """Take a client's first words and answer them."""
    client, _ = listener.accept()
    with client:
        client.settimeout(SECONDS)
        header = client.recv(8)
        client.sendall(answer)
        return header


def test_the_properties_of_the_server_are_read() -> None:
    """Strings, booleans and tables within tables come out as they were put in."""
    capabilities = b"F" + table({"publisher_confirms": b"t\x01", "consumer_priorities": b"t\x00"})
    properties = table({"capabilities": capabilities, "version": text("4.1.2")})

    with broker_that_says(start(properties)) as port:
        said = greeting("127.0.0.1", port, SECONDS)

    assert said == {
        "capabilities": {"publisher_confirms": True, "consumer_priorities": False},
        "version": "4.1.2",
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection instead of greeting"),
        (start(table({}))[:9], "closed the connection instead of greeting"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "closed the connection instead of greeting"),
        (start(table({}), struct.pack(">HH", 10, 50)), "does not speak AMQP 0-9-1"),
        (start(table({"since": b"T12345678"})), "a field of the type b'T'"),
    ],
)
def test_whatever_else_answers_is_refused(answer: bytes, message: str) -> None:
    """A port that answers is not yet a broker that is ready."""
    with (
        broker_that_says(answer) as port,
        pytest.raises(ConnectionError, match=message),
    ):
        greeting("127.0.0.1", port, SECONDS)
