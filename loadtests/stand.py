"""``python -m loadtests stand``: a queue with workers on a running database, to send load to.

It prints one line of JSON and waits: for plain Locust, and for whoever wants to try something by
hand. It stops when its standard input ends, at Ctrl-C, or at SIGTERM, and leaves nothing behind:
no worker, no server, no folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from engine.command_line import (
    HARNESS_ERROR,
    INTERRUPTED,
    USAGE_ERROR,
    Parser,
    UsageError,
    add_places,
    stop_cleanly,
)
from engine.contenders import CONTENDERS, contender_named
from engine.contenders.contender import ContenderError
from engine.databases import NAMES, ServerFailed, Unavailable, parse_url
from engine.project.ledger import LEDGER
from engine.subjects import SubjectUnavailableError
from loadtests.fleet import working_fleet
from loadtests.laboratory import Laboratory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.contenders.contender import Contender, Site
    from loadtests.fleet import Fleet

_TEND_SECONDS: Final = 0.5
_READ_BYTES: Final = 4096

_EPILOG: Final = """\
the line of JSON:
  environment   what to add to a process's environment so that it can enqueue
  producer      the module whose connect() and enqueue(key, intended_ns, job) it calls
  python        the interpreter that has the queue installed
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Put a contender up, say where, wait until told to end, and return an exit code."""
    options = _parser().parse_args(arguments)
    stop_cleanly()
    # A shell that starts us in the background has us ignore Ctrl-C, and then SIGINT, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _stand(options)
    except KeyboardInterrupt:
        sys.stderr.write("loadtests stand: interrupted; everything was stopped and removed\n")
        return INTERRUPTED
    except (UsageError, SubjectUnavailableError, Unavailable, ValueError) as error:
        sys.stderr.write(f"loadtests stand: {error}\n")
        return USAGE_ERROR
    except (ContenderError, ServerFailed) as error:
        sys.stderr.write(f"loadtests stand: it could not be put up: {error}\n")
        return HARNESS_ERROR
    return 0


def _stand(options: argparse.Namespace) -> None:
    contender = contender_named(options.contender)
    name = _database(options, contender)
    with Laboratory(provider=options.provider, url=options.database_url) as laboratory:
        site = laboratory.bench(contender, name).site("stand", options.workers)
        with working_fleet(contender, site, site.folder / "logs") as fleet:
            _serve(fleet, _what_stands(contender, site))


def _database(options: argparse.Namespace, contender: Contender) -> str:
    """Return the database's name: that of the URL, if there is one."""
    name: str = options.database
    if options.database_url:
        name = parse_url(options.database_url).name
    if contender.databases and name not in contender.databases:
        offered = ", ".join(contender.databases)
        raise UsageError(f"{contender.name} cannot queue in {name}; choose one of {offered}")
    return name


def _what_stands(contender: Contender, site: Site) -> dict[str, Any]:
    return {
        "environment": {**contender.environment(site), LEDGER: str(site.ledger)},
        "producer": contender.producer,
        "python": str(contender.python()),
    }


def _serve(fleet: Fleet, what_stands: dict[str, Any]) -> None:
    """Say it, and tend the workers until standard input ends or a signal comes.

    Whoever has read the line may end us from then on, which is no failure.
    """
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(json.dumps(what_stands) + "\n")
        sys.stdout.flush()
        while not poll.poll(_TEND_SECONDS * 1000) or os.read(sys.stdin.fileno(), _READ_BYTES):
            fleet.tend()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m loadtests stand",
        description="Put a queue with workers on a database, print as one line of JSON what a "
        "producer needs, and wait until standard input ends, or for Ctrl-C or SIGTERM.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--contender",
        default="background_task",
        metavar="NAME",
        help=f"the queue: {', '.join(CONTENDERS)}, or package.module:attribute "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--database",
        default="sqlite",
        choices=NAMES,
        help="the application's database, which holds the queue unless a broker does "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=_whole_number,
        default=2,
        metavar="N",
        help="processes that run tasks (default: %(default)s)",
    )
    add_places(parser)
    return parser


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)
