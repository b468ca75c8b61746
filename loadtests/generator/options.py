"""The command line options of plain Locust, beside Locust's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser


def add_options(parser: LocustArgumentParser) -> None:
    """Add them; the load's own can also be changed on the web page from one test to the next."""
    _add_stand(parser)
    # Senders wait for one another before the load begins: there is nothing to ramp up.
    parser.set_defaults(spawn_rate=100)
    load = parser.add_argument_group("killproof: the load")
    load.add_argument(
        "--rate",
        type=float,
        default=100.0,
        metavar="PER_SECOND",
        help="tasks that are enqueued per second, by all users together (default: 100); "
        "-u is how many can be on their way at once",
    )
    load.add_argument(
        "--arrivals",
        choices=("poisson", "uniform"),
        default="poisson",
        help="poisson: at random, as people come; uniform: evenly spaced (default: poisson)",
    )
    load.add_argument(
        "--load-seconds",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to send, of which up to two seconds of warm-up are not counted "
        "(default: until Locust is stopped)",
    )


def _add_stand(parser: LocustArgumentParser) -> None:
    """Add what is put up once, when Locust starts."""
    stand = parser.add_argument_group("killproof: what the load is sent to")
    stand.add_argument(
        "--contender",
        default="background_task",
        metavar="NAME",
        help="the queue, such as background_task, django-tasks-db or celery-redis "
        "(default: background_task); a wrong name prints them all",
    )
    stand.add_argument(
        "--database",
        choices=("sqlite", "postgresql", "mysql", "mariadb"),
        default="sqlite",
        help="the database that is started for it (default: sqlite)",
    )
    stand.add_argument(
        "--task-workers",
        type=int,
        default=2,
        metavar="N",
        help="processes that run the tasks (default: 2)",
    )
