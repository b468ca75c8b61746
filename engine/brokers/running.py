"""The brokers that this process has started, by URL.

A contender is told the URL of its broker only, and that is all that its own processes need. What
a broker holds is asked of the broker itself, which may need more than its URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.brokers.broker import Broker

_RUNNING: dict[str, Broker] = {}


def remember(broker: Broker) -> None:
    """Add a broker that has started."""
    _RUNNING[broker.url] = broker


def forget(broker: Broker) -> None:
    """Remove a broker that is being stopped; twice is fine."""
    _RUNNING.pop(broker.url, None)


def running_broker(url: str) -> Broker:
    """Return the started broker of a URL.

    Raises:
        LookupError: this process has started none there.
    """
    try:
        return _RUNNING[url]
    except KeyError:
        raise LookupError(
            "This process has started no broker at that URL: open_broker and start give one."
        ) from None
