"""A broker of our own: the machinery of embedded databases, with a look at the processes."""

from __future__ import annotations

import os

from engine.databases.embedded import EmbeddedServer, Place


class EmbeddedBroker(EmbeddedServer):
    """A broker that runs as our descendant, on a free port of 127.0.0.1."""

    def pids(self) -> tuple[int, ...]:
        """List the processes that live."""
        if self._processes is None:
            return ()
        return tuple(process.pid for process in self._processes.all())


def write_private(place: Place, name: str, content: str) -> None:
    """Write a file of the home that only the server's account can read."""
    file = place.home / name
    file.touch(mode=0o600)
    file.write_text(content)
    if place.account is not None:
        os.chown(file, place.account.user, place.account.group)
