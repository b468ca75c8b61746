"""Free ports of servers."""

from __future__ import annotations

import socket

from engine.databases.ports import free_port


def test_a_free_port_can_be_listened_on() -> None:
    """Nothing else is there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))


def test_a_free_port_is_none_that_clients_are_given() -> None:
    """Else a client that retries could take the port of the dead server."""
    assert free_port() < 32768
