"""Runs the hunt in an environment of its own, and reads what it prints."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.subjects.django_background_tasks import MAX_ATTEMPTS, VERSION
from engine.subjects.environment import environment_python
from properties.zoo.catches import Catch, parse

if TYPE_CHECKING:
    from engine.databases import Database

ROOT: Final = Path(__file__).resolve().parents[2]
SECONDS: Final = 900
_SHARED: Final = ("Django", "psycopg", "psycopg-binary", "PyMySQL", "hypothesis")


class HuntError(Exception):
    """The hunt did not run to its end; the message is what it said last."""


def hunted(database: Database) -> list[Catch]:
    """Hunt in a database that runs and is empty; return what was found of each bug.

    Raises:
        HuntError: the hunt ended before it was over.
        SubjectUnavailableError: 1.2.8 cannot be installed.
    """
    done = subprocess.run(
        [_python(), "-m", "properties.control.hunt", database.name],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "engine.project.settings",
            "PYTHONPATH": str(ROOT),
            "KILLPROOF_DATABASE": json.dumps(database.django_settings()),
            "KILLPROOF_SETTINGS": json.dumps({"MAX_ATTEMPTS": MAX_ATTEMPTS}),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise HuntError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return [parse(line) for line in done.stdout.splitlines()]


def _python() -> Path:
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in _SHARED]
    requirements = [f"django-background-tasks=={VERSION}", *pins]
    return environment_python("django_background_tasks-properties", requirements)
