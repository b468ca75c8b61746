"""The part of the proxy that lives in its loop: it accepts connections and knows who is connected.

Only the loop's thread may call it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from chaos.proxy.link import Link
from chaos.proxy.toxics import Bandwidth, Blackhole, Latency, Refuse, Toxics

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.proxy.wire import Protocol

_BACKLOG: Final = 512
_TURNS_TO_CLOSE: Final = 10


class Switchboard:
    """All connections to one server, and the toxics that apply to them."""

    def __init__(self, name: Protocol, host: str, port: int) -> None:
        self._name: Protocol = name
        self._host, self._port = host, port
        self._toxics = Toxics()
        self._links: set[Link] = set()

    @property
    def connections(self) -> int:
        """How many connections are open; any thread may ask."""
        return len(self._links)

    async def serve(self, announce: Callable[[int], None], is_over: asyncio.Event) -> None:
        """Listen on a free port and forward, until it is over; then leave nothing open."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._accept, "127.0.0.1", 0, backlog=_BACKLOG)
        announce(server.sockets[0].getsockname()[1])
        try:
            await is_over.wait()
        finally:
            # A client that was accepted is there some turns of the loop later; asyncio forgets to
            # close it if the server is closed meanwhile. What was reset is closed a turn later.
            loop.remove_reader(server.sockets[0].fileno())
            for _ in range(_TURNS_TO_CLOSE):
                self.reset()
                await asyncio.sleep(0)
            server.close()

    def apply(self, toxic: object) -> None:
        """Apply a toxic to all connections, open and to come."""
        self._toxics.add(toxic)

    def heal(self, toxic: object) -> None:
        """Take a toxic away; what it delayed arrives now, what it broke is reset."""
        self._toxics.remove(toxic)
        if isinstance(toxic, Latency | Bandwidth):
            for link in list(self._links):
                link.hurry()
        elif isinstance(toxic, Blackhole):
            broken = [link for link in self._links if link in toxic.swallowed]
            toxic.resets = self._reset(broken)

    def reset(self) -> int:
        """Reset all connections; return how many there were."""
        return self._reset(list(self._links))

    def _reset(self, links: list[Link]) -> int:
        for link in links:
            link.reset()
        return len(links)

    def _accept(self) -> asyncio.Protocol:
        link = Link(self._name, self._toxics, on_accepted=self._begin, on_end=self._links.discard)
        return link.near

    def _begin(self, link: Link) -> None:
        for refuse in self._toxics.of(Refuse):
            refuse.refused += 1
            link.reset()
            return
        self._links.add(link)
        for blackhole in self._toxics.of(Blackhole):
            blackhole.swallow(link, 0)
            link.near.read()
            return
        link.open(self._host, self._port)
