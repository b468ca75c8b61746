"""Hooks the generator into Locust's events, with an order or for a person at the command line."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from locust.runners import WorkerRunner

from loadtests.generator import ordered
from loadtests.generator.nodes import CoordinatingNode, SendingNode
from loadtests.generator.options import add_options
from loadtests.generator.plain import Plain

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment
    from locust.event import Events

    from loadtests.order import Order

_HOST = "127.0.0.1"


def wire(events: Events) -> None:
    """Add all listeners; to be called once, when the locustfile is imported."""
    order = ordered.ordered()

    def parser_made(parser: LocustArgumentParser, **_: object) -> None:
        _stay_local(parser)
        if order is None:
            add_options(parser)
        else:
            ordered.set_defaults(parser, order)

    def initialized(environment: Environment, **_: object) -> None:
        # A bug of ours must end the user and not be tried again without a pause.
        environment.catch_exceptions = False
        if order is None:
            _wire_plain(environment)
        else:
            _wire_ordered(environment, order)

    events.init_command_line_parser.add_listener(parser_made)
    events.init.add_listener(initialized)


def _wire_ordered(environment: Environment, order: Order) -> None:
    if not isinstance(environment.runner, WorkerRunner):
        CoordinatingNode(
            environment,
            prepare=lambda processes: ordered.prepared(order, processes),
            conclude=ordered.conclude,
        )
    if environment.parsed_options is None or not environment.parsed_options.master:
        SendingNode(environment, read_order=lambda: order)


def _wire_plain(environment: Environment) -> None:
    plain = Plain(environment)
    if not isinstance(environment.runner, WorkerRunner):
        plain.open_stand()
        CoordinatingNode(environment, prepare=plain.prepared, conclude=plain.conclude)
    if environment.parsed_options is None or not environment.parsed_options.master:
        SendingNode(environment, read_order=plain.order)


def _stay_local(parser: LocustArgumentParser) -> None:
    """Let nobody in from outside, and several runs of one machine not meet at one port."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    parser.set_defaults(
        master_host=_HOST,
        master_bind_host=_HOST,
        master_port=port,
        master_bind_port=port,
        web_host=_HOST,
    )
