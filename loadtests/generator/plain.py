"""Locust for a person: options instead of an order, a stand to send to, and a table at the end.

The number of Locust's users is the number of concurrent senders, and has nothing to do with the
rate, which ``--rate`` sets.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loadtests.generator.stand import Driver, Stand, StandError
from loadtests.generator.table import table
from loadtests.order import Arrivals, Order
from loadtests.workload import Workload

if TYPE_CHECKING:
    from locust.env import Environment

    from loadtests.order import Outcome

# The master sends its options to its workers, so these two names are how they learn of a step.
_ORDER: Final = "killproof_order"
_ENVIRONMENT: Final = "killproof_environment"

_UNTIL_STOPPED_SECONDS: Final = 86_400.0
_LONGEST_WARMUP_SECONDS: Final = 2.0
_SEED: Final = 1


class Plain:
    """What a person's Locust does beside what it does with an order."""

    def __init__(self, environment: Environment) -> None:
        self._options: Any = environment.parsed_options
        self._stand: Stand | None = None
        self._driver: Driver | None = None
        self._folder: str = ""

    def open_stand(self) -> None:
        """Put the stand up, or end with the sentence that says why it cannot be."""
        options = self._options
        try:
            stand = Stand(options.contender, options.database, options.task_workers)
            atexit.register(stand.close)
            stand.check_python()
            if _queues_in_database(options.contender):
                self._driver = stand.driver()
        except KeyboardInterrupt:
            sys.exit("Interrupted while the stand was put up.")
        except StandError as error:
            sys.exit(str(error))
        self._stand = stand
        folder = tempfile.TemporaryDirectory(prefix="killproof-locust-")
        atexit.register(folder.cleanup)
        self._folder = folder.name
        options.num_users = options.num_users or options.processes or 1
        setattr(options, _ENVIRONMENT, json.dumps(dict(stand.environment)))

    def prepared(self, processes: int) -> Order | str:
        """Write the order of the step that starts, or return why it cannot start."""
        assert self._stand is not None  # noqa: S101 - it was opened before Locust started a step
        setattr(self._options, _ORDER, "")
        users: int = self._options.num_users
        refusal = refused(self._driver, processes, users) or _refused_options(self._options)
        if refusal:
            return refusal
        order = order_of(self._options, self._stand.producer, processes)
        path = Path(self._folder) / "order.json"
        order.write(path)
        setattr(self._options, _ORDER, str(path))
        return order

    def order(self) -> Order | None:
        """Return the order of the step that starts, with its environment in place."""
        name = getattr(self._options, _ORDER, "")
        if not name:
            return None
        environment: dict[str, str] = json.loads(getattr(self._options, _ENVIRONMENT))
        os.environ.update(environment)
        paths = environment.get("PYTHONPATH", "").split(os.pathsep)
        sys.path.extend(path for path in paths if path and path not in sys.path)
        return Order.read(Path(name))

    def conclude(self, order: Order, outcome: Outcome) -> int:
        """Show what was measured."""
        title = f"{self._options.contender} on {self._options.database}"
        sys.stdout.write("\n" + table(title, order, outcome) + "\n")
        sys.stdout.flush()
        return 1 if outcome.errors else 0


def order_of(options: Any, producer: str, processes: int) -> Order:
    """Return the order that a person's options amount to."""
    seconds = options.load_seconds or _UNTIL_STOPPED_SECONDS
    warmup_seconds = min(_LONGEST_WARMUP_SECONDS, seconds / 5)
    return Order(
        producer=producer,
        seed=_SEED,
        arrivals=Arrivals(kind=options.arrivals, pieces=((seconds, options.rate),)),
        workload=Workload().to_document(),
        processes=processes,
        users=-(-options.num_users // processes),
        warmup_seconds=warmup_seconds,
        window_seconds=seconds - warmup_seconds,
        results="",
    )


def refused(driver: Driver | None, processes: int, users: int) -> str | None:
    """Return why so many users of so many processes cannot send; None if they can."""
    if users < processes:
        return f"Each process needs a user: start {processes} users with -u {processes}."
    if driver is None or driver.is_cooperative or users <= processes:
        return None
    return (
        f"The driver {driver.name} lets nothing else run while it waits, so the users of one "
        f"process would wait for one another: give each its own with --processes {users} "
        f"-u {users}."
    )


def _refused_options(options: Any) -> str | None:
    if options.rate > 0 and options.load_seconds >= 0:
        return None
    return "The rate must be above zero, and the seconds of load must not be below."


def _queues_in_database(contender: str) -> bool:
    from engine.contenders import contender_named

    return bool(contender_named(contender).databases)
