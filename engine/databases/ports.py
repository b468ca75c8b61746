"""Free ports on 127.0.0.1 that stay free while their server is down.

They lie below the range from which the system takes the ports of outgoing connections: else a
client that retries while the server is dead could be given the server's own port.
"""

from __future__ import annotations

import random
import socket

_RANGE = range(20000, 32000)
_TRIES = 200


def free_port() -> int:
    """Choose a port of 127.0.0.1 on which nothing listens."""
    for port in random.SystemRandom().sample(_RANGE, _TRIES):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"None of {_TRIES} ports tried on 127.0.0.1 is free: end what listens there.")
