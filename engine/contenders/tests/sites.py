"""What tests of contenders need: which are under test, where they run, and tasks put in by hand.

``KILLPROOF_CONTENDERS`` names the contenders under test, such as "background_task,django-tasks-db";
without it there is the one that nothing has to be installed for.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from engine.contenders.contender import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from engine.contenders.contender import Contender
    from engine.databases import Database

DATABASE: Final = os.environ.get("KILLPROOF_TEST_DATABASE", "sqlite")
_SECONDS: Final = 60.0


def under_test() -> list[str]:
    """Read which contenders to test."""
    names = os.environ.get("KILLPROOF_CONTENDERS") or "background_task"
    return [name.strip() for name in names.split(",")]


def site_on(database: Database, folder: Path, **settings: Any) -> Site:
    """Give a place for two processes."""
    ledger = folder / "ledger"
    ledger.mkdir(parents=True)
    return Site(
        database=database,
        django_database=database.django_settings(),
        broker_url=None,
        folder=folder,
        ledger=ledger,
        processes=2,
        settings=settings,
    )


def produce(
    contender: Contender, environment: Mapping[str, str], lines: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Enqueue through the contender's producer, with its Python; return the answers."""
    done = subprocess.run(
        [str(contender.python()), "-m", "engine.contenders.producers", contender.producer],
        input="".join(json.dumps(line) + "\n" for line in lines),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
