"""Errors on demand: each database answers with its driver's own, and with what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from django.db import Error, IntegrityError, connection, transaction

from background_task.databases import CONNECTION_ERRORS
from engine.project import errors
from engine.project.errors import CONNECTION_LOST, raise_error
from engine.project.models import Mail

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

TRANSIENT: Final = {"deadlock", "serialization", "lock-timeout"}
UNDONE: Final = [name for name in errors.NAMES if name != CONNECTION_LOST]


@pytest.mark.parametrize("name", errors.NAMES)
def test_an_error_has_the_code_that_the_database_has_for_it(
    database: QueueDatabase, name: str
) -> None:
    """The engine sees what it would see in production, and knows what it means."""
    with pytest.raises(CONNECTION_ERRORS) as raised:
        raise_error_on_connection(name)
    connection.close()

    assert not isinstance(raised.value, IntegrityError)
    assert code_of(raised.value) in expected_codes(name)
    assert database.dialect.is_transient(raised.value) is (name in TRANSIENT)


@pytest.mark.parametrize("name", UNDONE)
def test_an_error_in_a_transaction_undoes_it(database: QueueDatabase, name: str) -> None:
    """What was written before the error is not there afterwards, and the connection is good."""
    with pytest.raises(Error):
        write_and_fail(name)

    assert not Mail.objects.exists()


def test_a_lost_connection_is_lost(database: QueueDatabase) -> None:
    """The session is really gone: the next question on it fails too, and a new one is answered."""
    if connection.vendor == "sqlite":
        return
    with pytest.raises(CONNECTION_ERRORS):
        raise_error_on_connection(CONNECTION_LOST)
    with pytest.raises(CONNECTION_ERRORS):
        Mail.objects.exists()
    connection.close()

    assert not Mail.objects.exists()


def write_and_fail(name: str) -> None:
    """Write a row, and get the error in the same transaction."""
    with transaction.atomic():
        Mail.objects.create(order="order-1", sent_by=1)
        raise_error(connection, name)


def raise_error_on_connection(name: str) -> None:
    """Connect and raise."""
    connection.ensure_connection()
    raise_error(connection, name)


def code_of(error: Error) -> object:
    """Return the code by which the driver tells an error."""
    cause = error.__cause__
    if connection.vendor == "postgresql":
        return getattr(cause, "sqlstate", None)
    return getattr(cause, "sqlite_errorname", None) or error.args[0]


def expected_codes(name: str) -> set[object]:
    """Return what the database may call the error."""
    match connection.vendor:
        case "postgresql":
            return {"57P01"} if name == CONNECTION_LOST else {errors.POSTGRESQL[name]}
        case "sqlite":
            return {errors.SQLITE[name][1]}
    is_mariadb = getattr(connection, "mysql_is_mariadb", False)
    known = errors.MARIADB if is_mariadb else errors.MYSQL
    return {2006, 2013} if name == CONNECTION_LOST else {known[name][1]}
