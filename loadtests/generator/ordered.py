"""Locust driven by an order: ``KILLPROOF_ORDER`` names its file, and the Outcome goes to another.

The order says how many processes and users there are, so that ``locust -f loadtests/locustfile.py``
needs no further option.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadtests.generator.roles import processes_of
from loadtests.order import ORDER, Order

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

    from loadtests.order import Outcome


def ordered() -> Order | None:
    """Return the order of the environment, if there is one; end with a sentence if it is bad."""
    name = os.environ.get(ORDER)
    if not name:
        return None
    try:
        return Order.read(Path(name))
    except (OSError, ValueError, TypeError, KeyError) as error:
        sys.exit(f"The order {name} cannot be read: {error}.")


def set_defaults(parser: LocustArgumentParser, order: Order) -> None:
    """Have Locust start what the order asks for."""
    processes = processes_of(order)
    users = order.users * processes
    defaults: dict[str, Any] = {
        "headless": True,
        "only_summary": True,
        "num_users": users,
        "spawn_rate": users,
    }
    if processes > 1:
        defaults["processes"] = processes
    parser.set_defaults(**defaults)


def prepared(order: Order, processes: int) -> Order | str:
    """Return the order, or why Locust as it was started cannot carry it out."""
    needed = processes_of(order)
    if processes == needed:
        return order
    return (
        f"The order needs {needed} processes and Locust has {processes}: "
        "leave --processes, -u and -r out, they come from the order."
    )


def conclude(order: Order, outcome: Outcome) -> int:
    """Write the outcome; errors of the queue are its matter and no failure of Locust's."""
    outcome.write(Path(order.results))
    return 0
