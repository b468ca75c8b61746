"""Choosing a provider: what cannot be had is said, and nobody's data is at risk."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

import engine.databases
from engine.databases import NAMES, Unavailable, open_database

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = [name for name in NAMES if name != "sqlite"]


def test_the_public_names_are_sorted_and_there() -> None:
    """The package offers these names, and no other may be relied on."""
    assert engine.databases.__all__ == sorted(engine.databases.__all__, key=by_kind)
    assert all(hasattr(engine.databases, name) for name in engine.databases.__all__)


def by_kind(name: str) -> tuple[int, str]:
    """Sort as the linter does: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_two_databases_are_embedded_by_default(name: str, tmp_path: Path) -> None:
    """They need nothing but Python packages."""
    assert open_database(name, tmp_path).provider == "embedded"


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_without_server_and_engine_one_line_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that cannot be had is neither skipped nor replaced."""
    monkeypatch.setattr("engine.databases.embedded_mysql._SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")

    with pytest.raises(Unavailable) as caught:
        open_database(name, tmp_path)

    assert caught.value.name == name
    assert "no server of it on PATH" in caught.value.reason
    assert "no docker engine answers" in caught.value.reason
    assert "start docker" in caught.value.install
    assert "\n" not in str(caught.value)


def test_a_program_named_mysqld_that_is_mariadb_is_not_mysql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian links mysqld to mariadbd, so only the version tells."""
    program = tmp_path / "mysqld"
    program.write_text("#!/bin/sh\necho 'mysqld Ver 10.11.6-MariaDB for Linux'\n")
    program.chmod(0o755)
    monkeypatch.setattr("engine.databases.embedded_mysql._SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")

    assert open_database("mariadb", tmp_path, provider="embedded").provider == "embedded"
    with pytest.raises(Unavailable, match="mysql cannot be had"):
        open_database("mysql", tmp_path, provider="embedded")


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("action", ["kill", "restart", "pause", "resume"])
def test_a_server_given_by_url_is_left_alone(name: str, action: str, tmp_path: Path) -> None:
    """Others may be using it, so these are refused before anything is done."""
    database = open_database(name, tmp_path, url=f"{name}://ann@127.0.0.1:1/orders")

    assert not database.can_kill
    with database, pytest.raises(Unavailable, match=f"not ours to {action}"):
        getattr(database, action)()


@pytest.mark.parametrize("name", SERVERS)
def test_a_database_not_named_as_a_tests_is_not_reset(name: str, tmp_path: Path) -> None:
    """The name is looked at before the server is: here nobody answers at all."""
    database = open_database(name, tmp_path, url=f"{name}://test:test@127.0.0.1:1/orders")

    with pytest.raises(Unavailable, match="would drop all data of 'orders'"):
        database.reset()


def test_a_file_not_named_as_a_tests_is_not_reset(tmp_path: Path) -> None:
    """Its own name counts, and not those of the folders that it is in."""
    folder = tmp_path / "test"
    folder.mkdir()
    file = folder / "orders.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()
    database = open_database("sqlite", tmp_path, url=f"sqlite:///{file}")

    with pytest.raises(Unavailable, match="would drop all data"):
        database.reset()

    assert file.stat().st_size > 0


def test_a_file_named_as_a_tests_is_reset(tmp_path: Path) -> None:
    """The guard lets through what it is meant to."""
    database = open_database("sqlite", tmp_path, url=f"sqlite:///{tmp_path}/killproof.db")
    connection = database.connect()
    connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()

    database.reset()

    connection = database.connect()
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"name": "oracle"}, "'oracle' is not a database we know"),
        ({"name": "sqlite", "provider": "cloud"}, "'cloud' is no provider"),
        ({"name": "mysql", "provider": "dsn"}, "go together"),
        ({"name": "mysql", "provider": "embedded", "url": "mysql://a@h/d"}, "go together"),
        ({"name": "mysql", "url": "mariadb://a@h/d"}, "is one of mariadb"),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(
    arguments: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    """A typing error is not mistaken for a database that cannot be had."""
    name = arguments["name"]

    with pytest.raises(ValueError, match=complaint):
        open_database(name, tmp_path, provider=arguments.get("provider"), url=arguments.get("url"))


def test_sqlite_runs_in_no_container(tmp_path: Path) -> None:
    """It is a library, and the message says what to do."""
    with pytest.raises(Unavailable, match="leave the provider out"):
        open_database("sqlite", tmp_path, provider="container")
