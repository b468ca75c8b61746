"""Starts the database that the tests run on, and nothing else.

``KILLPROOF_TEST_DATABASE`` names it: sqlite (the default), postgresql, mysql or mariadb. The tests
fail if it cannot be had: a database that was asked for is never skipped.
``KILLPROOF_TEST_PROVIDER`` names its provider, embedded or container; else the first to be had.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings

from engine.databases import Database, ServerFailed, Unavailable, open_database

if TYPE_CHECKING:
    from collections.abc import Callable

_DATABASE = "KILLPROOF_DATABASE"
_FINISH: pytest.StashKey[Callable[[], None]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Start the database, once for all processes of pytest-xdist."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "engine.project.settings"
    if _DATABASE not in os.environ:
        _start_database(config)
    # pytest-django sets Django up after this, if the settings have been read by then.
    assert django_settings.DATABASES


def _start_database(config: pytest.Config) -> None:
    name = os.environ.get("KILLPROOF_TEST_DATABASE", "sqlite")
    folder = Path(tempfile.mkdtemp(prefix="killproof-tests-"))
    try:
        provider = os.environ.get("KILLPROOF_TEST_PROVIDER")
        database = open_database(name, folder, provider=provider)
        database.start()
    except (Unavailable, ServerFailed, ValueError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.exit(str(error), returncode=1)
    config.stash[_FINISH] = lambda: _finish(database, folder)
    settings = database.django_settings()
    if name == "sqlite":
        # A file and not memory: the tests use several processes.
        settings["TEST"] = {"NAME": str(folder / "test.sqlite3")}
    os.environ[_DATABASE] = json.dumps(settings)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the database, if this process started it."""
    finish = config.stash.get(_FINISH, None)
    if finish is not None:
        finish()


def _finish(database: Database, folder: Path) -> None:
    os.environ.pop(_DATABASE, None)
    database.stop()
    shutil.rmtree(folder, ignore_errors=True)


_LOAD_FOLDERS = ("loadtests", "engine/brokers", "engine/contenders", "engine/network")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what starts processes to offer load: minutes of it, which ``nox -s selftest`` runs."""
    for item in items:
        folder = item.path.relative_to(config.rootpath).as_posix()
        if folder.startswith(_LOAD_FOLDERS) and item.get_closest_marker("processes"):
            item.add_marker("load")
