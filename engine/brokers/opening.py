"""Choose who provides a broker: a server of this machine, or a container.

What cannot be had is said in one line, with what to install, and is never replaced by another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.brokers.container import ContainerBroker
from engine.brokers.embedded import EmbeddedBroker
from engine.brokers.embedded_rabbitmq import EmbeddedRabbitMQ, RabbitMQPrograms
from engine.brokers.embedded_redis import RedisPrograms
from engine.brokers.rabbitmq import RabbitMQ
from engine.brokers.redis import Redis, check_client
from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.brokers.broker import Broker

NAMES: Final = ("redis", "rabbitmq")
PERSISTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "redis": ("always", "everysec", "off"),
    "rabbitmq": ("durable",),
}
"""What each broker can promise; the first one, which is the strongest, is the default."""

_PROVIDERS: Final = ("embedded", "container")


def open_broker(
    name: str, folder: Path, *, persistence: str | None = None, provider: str | None = None
) -> Broker:
    """Open a broker without starting it.

    Args:
        name: one of NAMES.
        folder: an empty folder for the data and the log.
        persistence: one of the broker's PERSISTENCES; the strongest when it is left out.
        provider: embedded or container; chosen when it is left out.

    Raises:
        Unavailable: it cannot be had here.
        ValueError: no such broker, persistence or provider.
    """
    chosen = _persistence(name, persistence)
    if provider is not None:
        if provider not in _PROVIDERS:
            raise ValueError(f"{provider!r} is no provider: choose of {', '.join(_PROVIDERS)}.")
        return _open(name, folder, chosen, provider)
    try:
        return _open(name, folder, chosen, "embedded")
    except Unavailable as missing:
        return _open_instead(missing, folder, chosen)


def _persistence(name: str, persistence: str | None) -> str:
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a broker we know: choose of {', '.join(NAMES)}.")
    choices = PERSISTENCES[name]
    if persistence is not None and persistence not in choices:
        raise ValueError(
            f"{name} has no persistence {persistence!r}: choose {' or '.join(choices)}."
        )
    return persistence or choices[0]


def _open(name: str, folder: Path, persistence: str, provider: str) -> Broker:
    make = _redis if name == "redis" else _rabbitmq
    return make(folder.resolve(), persistence, provider)


def _redis(folder: Path, persistence: str, provider: str) -> Redis:
    check_client()
    server = (
        EmbeddedBroker(RedisPrograms.find(persistence), folder)
        if provider == "embedded"
        else ContainerBroker("redis", folder, persistence)
    )
    return Redis(provider=provider, persistence=persistence, server=server)


def _rabbitmq(folder: Path, persistence: str, provider: str) -> RabbitMQ:
    server = (
        EmbeddedRabbitMQ(RabbitMQPrograms.find(), folder)
        if provider == "embedded"
        else ContainerBroker("rabbitmq", folder, persistence)
    )
    return RabbitMQ(provider=provider, persistence=persistence, server=server)


def _open_instead(missing: Unavailable, folder: Path, persistence: str) -> Broker:
    """Try a container after all; if there is none either, say both reasons in one line."""
    try:
        return _open(missing.name, folder, persistence, "container")
    except Unavailable as error:
        raise Unavailable(
            missing.name,
            reason=f"{missing.reason}, and in a container, {error.reason}",
            install=f"{missing.install}, or {error.install}",
        ) from error
