"""RabbitMQ: what it says of itself, and what its queues hold, without the management plugin.

A queue is asked by an Erlang expression within the server, so that its counts are those of now:
AMQP tells nothing of messages that are delivered and not acknowledged, and the plugins' figures
are some seconds old. Through ``erl_call`` that takes a few milliseconds, through ``rabbitmqctl``,
where there is no erl_call, and in a container, about a third of a second and as much CPU.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import quote

from engine.brokers.amqp_greeting import greeting
from engine.brokers.broker import Broker, BrokerServer

if TYPE_CHECKING:
    from collections.abc import Mapping

VIRTUAL_HOST: Final = "/"

_PATIENCE_SECONDS = 10.0
_WANTED: Final = "[name, durable, messages_ready, messages_unacknowledged]"
# A text, as erl_call and rabbitmqctl print all else in different ways.
_QUEUES: Final = (
    'lists:flatten([io_lib:format("~s ~s ~b ~b;", [element(4, Name), Durable, Ready, Unacked])'
    " || [{_, Name}, {_, Durable}, {_, Ready}, {_, Unacked}]"
    f' <- rabbit_amqqueue:info_all(<<"/">>, {_WANTED})]).'
)
_PURGE: Final = (
    'case rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{queue}">>)) of '
    "{{ok, Q}} -> rabbit_amqqueue:purge(Q); {{error, not_found}} -> {{ok, 0}} end."
)
_ROW: Final = re.compile(
    r"(?P<name>[^\s;]+) (?P<durable>true|false) (?P<ready>\d+) (?P<unacknowledged>\d+);"
)
_LINE_BREAK: Final = re.compile(r'"\s*\n\s*"')
_QUEUE_NAME: Final = re.compile(r"[\w.@-]+")


class RabbitMQServer(BrokerServer, Protocol):
    """A server that computes Erlang expressions."""

    def evaluate(self, expression: str) -> str:
        """Return the printed value of an expression that ends with a full stop."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue at one moment.

    Attributes:
        ready: messages that wait for a consumer.
        unacknowledged: messages that a consumer has and has not acknowledged.
    """

    is_durable: bool
    ready: int
    unacknowledged: int


class RabbitMQ(Broker):
    """One node with one virtual host."""

    name: ClassVar[str] = "rabbitmq"

    def __init__(self, *, provider: str, persistence: str, server: RabbitMQServer) -> None:
        super().__init__(provider=provider, persistence=persistence, server=server)
        self._node = server

    @property
    def url(self) -> str:
        """The broker as a URL, password included."""
        address = self._server.address
        host = quote(VIRTUAL_HOST, safe="")
        return f"amqp://{address.user}:{address.password}@{address.host}:{address.port}/{host}"

    def greet(self) -> None:
        """Begin an AMQP connection."""
        self.version()

    def version(self) -> str:
        """Ask the server's version."""
        address = self._server.address
        return str(greeting(address.host, address.port, _PATIENCE_SECONDS)["version"])

    def durability(self) -> dict[str, str]:
        """Ask the running server its version, and whether its queues survive its end."""
        return {"version": self.version(), **durable_queues(self.queues())}

    def queues(self) -> dict[str, QueueState]:
        """Ask what each queue holds at this moment."""
        return parse_queues(self._node.evaluate(_QUEUES))

    def purge(self, queue: str) -> None:
        """Drop all messages of a queue that are ready; a queue that is not there is empty."""
        if not _QUEUE_NAME.fullmatch(queue):
            raise ValueError(f"{queue!r} is not a plain name: use letters, digits, '_.@-'.")
        self._node.evaluate(_PURGE.format(queue=queue))


def durable_queues(queues: Mapping[str, QueueState]) -> dict[str, str]:
    """Say of each queue whether it is durable."""
    return {f"queue {name}": _durability(state) for name, state in sorted(queues.items())}


def _durability(state: QueueState) -> str:
    return "durable" if state.is_durable else "transient"


def parse_queues(printed: str) -> dict[str, QueueState]:
    """Read the printed list of queues.

    Raises:
        ValueError: there is something else in it: a queue that is overlooked would be a task lost.
    """
    text = "" if printed.strip() == "[]" else _LINE_BREAK.sub("", printed.strip()).strip('"')
    if rest := _ROW.sub("", text):
        raise ValueError(f"RabbitMQ printed what is no list of queues: {rest}")
    return {row["name"]: _state(row) for row in _ROW.finditer(text)}


def _state(row: re.Match[str]) -> QueueState:
    return QueueState(
        is_durable=row["durable"] == "true",
        ready=int(row["ready"]),
        unacknowledged=int(row["unacknowledged"]),
    )
