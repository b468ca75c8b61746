"""The proxy between real drivers and real servers: lost answers, and what drivers see of toxics.

On PostgreSQL always, on MariaDB where it is installed, and on those that the environment variable
KILLPROOF_DATABASES names.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import OperationalError, connections, transaction
from pymysql.err import IntegrityError as MySQLIntegrityError
from pymysql.err import OperationalError as MySQLOperationalError

from chaos.proxy import Proxy
from engine.databases import Database, open_database, parse_url
from engine.databases.embedded_mysql import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOST_CONNECTION = (psycopg.OperationalError, MySQLOperationalError)
DUPLICATED = (psycopg.errors.UniqueViolation, MySQLIntegrityError)
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
INSERT = "INSERT INTO orders VALUES (2, 20)"
DUPLICATE = "INSERT INTO orders VALUES (1, 10)"
OTHER = "UPDATE orders SET amount = 11 WHERE id = 1"


def databases() -> list[str]:
    """Name the servers to be had here, and those that were asked for."""
    names = {"postgresql", *os.environ.get("KILLPROOF_DATABASES", "").split(",")} - {"", "sqlite"}
    return sorted(names | ({"mariadb"} if find_program("mariadbd") else set()))


@pytest.fixture(scope="module", params=databases())
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Give a server, past the proxy."""
    with open_database(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def proxy(database: Database) -> Iterator[Proxy]:
    """Give a proxy in front of a server with one table and one row."""
    with contextlib.closing(database.connect()) as connection:
        execute(connection, "DROP TABLE IF EXISTS orders")
        execute(connection, "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER)")
        execute(connection, "INSERT INTO orders VALUES (1, 10)")
    address = parse_url(database.url)
    with Proxy(address.name, address.host, address.port) as running:  # type: ignore[arg-type] # a name
        yield running


@pytest.fixture
def through(proxy: Proxy, database: Database, tmp_path: Path) -> Database:
    """Give the database as the processes of a run see it."""
    address = dataclasses.replace(parse_url(database.url), port=proxy.port)
    return open_database(database.name, tmp_path, url=address.url)


@pytest.fixture
def client(through: Database) -> Iterator[Any]:
    """Give a connection through the proxy, without a transaction."""
    connection = through.connect()
    yield connection
    close(connection)


def execute(connection: Any, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements and return the rows of the last one."""
    with contextlib.closing(connection.cursor()) as cursor:
        for statement in statements:
            cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def close(connection: Any) -> None:
    """Close a connection, which may be gone."""
    with contextlib.suppress(Exception):
        connection.close()


def rows(database: Database) -> list[tuple[Any, ...]]:
    """Read the table past the proxy."""
    with contextlib.closing(database.connect()) as connection:
        return execute(connection, "SELECT id, amount FROM orders ORDER BY id")


def test_a_commit_takes_effect_and_its_answer_is_lost(
    database: Database, proxy: Proxy, client: Any
) -> None:
    """The row is there, the client has an error, and the evidence says what was answered."""
    before = time.monotonic_ns()
    with proxy.lose_answers(r"INSERT INTO orders") as lose:
        execute(client, "BEGIN", INSERT)
        with pytest.raises(LOST_CONNECTION):
            execute(client, "COMMIT")

    (lost,) = lose.lost
    assert rows(database) == [(1, 10), (2, 20)]
    assert lost.statement == INSERT
    assert lost.answer == ("COMMIT" if database.name == "postgresql" else "OK, 0 rows affected")
    assert before < lost.at_ns < time.monotonic_ns()
    assert lost.client_port > 0


def test_a_statement_of_its_own_takes_effect_and_its_answer_is_lost(
    database: Database, proxy: Proxy, client: Any
) -> None:
    """Without BEGIN, a statement is the transaction; with times, the next one passes."""
    with proxy.lose_answers(r"update orders", times=1) as lose:
        with pytest.raises(LOST_CONNECTION):
            execute(client, OTHER)
        assert rows(database) == [(1, 11)]

    assert [lost.statement for lost in lose.lost] == [OTHER]


def test_no_more_answers_are_lost_than_asked_for(
    database: Database, proxy: Proxy, through: Database
) -> None:
    """After so many times, everything passes."""
    with proxy.lose_answers("UPDATE", times=2) as lose:
        for _ in range(2):
            connection = through.connect()
            with pytest.raises(LOST_CONNECTION):
                execute(connection, OTHER)
            close(connection)
        with contextlib.closing(through.connect()) as connection:
            execute(connection, "BEGIN", OTHER, "COMMIT", OTHER)

    assert len(lose.lost) == 2
    assert rows(database) == [(1, 11)]


def test_an_error_is_no_lost_answer(database: Database, proxy: Proxy, client: Any) -> None:
    """The client hears that its statement failed, and the rule goes on waiting."""
    with proxy.lose_answers("INSERT") as lose:
        with pytest.raises(DUPLICATED):
            execute(client, DUPLICATE)
        execute(client, "BEGIN")
        with pytest.raises(DUPLICATED):
            execute(client, DUPLICATE)
        execute(client, "ROLLBACK")
        execute(client, "BEGIN", OTHER, "COMMIT")

    assert lose.lost == []
    assert rows(database) == [(1, 11)]


def test_a_rollback_is_no_lost_answer(database: Database, proxy: Proxy, client: Any) -> None:
    """What was undone does not count, and is forgotten before the next transaction."""
    with proxy.lose_answers("INSERT") as lose:
        execute(client, "BEGIN", INSERT, "ROLLBACK", "BEGIN", OTHER, "COMMIT")

    assert lose.lost == []
    assert rows(database) == [(1, 11)]


def test_what_does_not_match_passes(database: Database, proxy: Proxy, client: Any) -> None:
    """Large answers, several statements, and the transactions of others."""
    many = " UNION ALL ".join(f"SELECT {number}, '{'x' * 500}'" for number in range(1000))
    with proxy.lose_answers("DELETE") as lose:
        execute(client, "BEGIN", INSERT, "SAVEPOINT one", OTHER, "COMMIT")
        assert len(execute(client, many)) == 1000

    assert lose.lost == []
    assert rows(database) == [(1, 11), (2, 20)]


def test_a_large_answer_that_matches_is_lost_too(proxy: Proxy, client: Any) -> None:
    """Only its last part is kept back."""
    many = " UNION ALL ".join(f"SELECT {number}, '{'x' * 5000}'" for number in range(1000))
    with proxy.lose_answers("UNION") as lose, pytest.raises(LOST_CONNECTION):
        execute(client, many)

    assert len(lose.lost) == 1


def test_a_statement_within_a_transaction_can_lose_its_own_answer(
    database: Database, proxy: Proxy, client: Any
) -> None:
    """The connection is reset there, so the server undoes the transaction."""
    with proxy.lose_answers("INSERT", at="statement") as lose:
        execute(client, "BEGIN", OTHER)
        with pytest.raises(LOST_CONNECTION):
            execute(client, INSERT)

    assert len(lose.lost) == 1
    assert rows(database) == [(1, 10)]


@pytest.fixture
def alias(through: Database, django_db_blocker: Any) -> Iterator[str]:
    """Give the alias of a connection of Django's through the proxy."""
    connections.databases["proxied"] = through.django_settings()
    connections.configure_settings(connections.databases)
    with django_db_blocker.unblock():
        yield "proxied"
        close(connections["proxied"])
    del connections["proxied"]
    del connections.databases["proxied"]


def change_like_the_engine(alias: str) -> None:
    """Lock a row and change it, in one transaction."""
    with transaction.atomic(using=alias):
        cursor = connections[alias].cursor()
        cursor.execute("SELECT id FROM orders WHERE id = %s FOR UPDATE", [1])
        cursor.execute("UPDATE orders SET amount = %s WHERE id = %s", [11, 1])


def test_a_transaction_of_django_loses_the_answer_to_its_commit(
    database: Database, proxy: Proxy, alias: str
) -> None:
    """With an atomic block, as the engine enqueues, claims and finishes; the next one works."""
    with proxy.lose_answers("UPDATE orders") as lose:
        with pytest.raises(OperationalError):
            change_like_the_engine(alias)
        connections[alias].close()
        with transaction.atomic(using=alias):
            connections[alias].cursor().execute("INSERT INTO orders VALUES (%s, %s)", [2, 20])

    assert len(lose.lost) == 1
    assert rows(database) == [(1, 11), (2, 20)]


def test_a_statement_of_django_loses_its_answer(
    database: Database, proxy: Proxy, alias: str
) -> None:
    """Outside of an atomic block."""
    with proxy.lose_answers("UPDATE orders") as lose, pytest.raises(OperationalError):
        connections[alias].cursor().execute("UPDATE orders SET amount = %s", [11])

    assert len(lose.lost) == 1
    assert rows(database) == [(1, 11)]


def test_a_server_that_restarts_is_reached_again(
    database: Database, proxy: Proxy, through: Database, client: Any
) -> None:
    """Open connections end, new ones are turned away, and after the restart let in."""
    execute(client, OTHER)
    database.kill()
    try:
        with pytest.raises(LOST_CONNECTION):
            execute(client, INSERT)
        with pytest.raises(LOST_CONNECTION):
            through.connect()
    finally:
        database.restart()
    with contextlib.closing(through.connect()) as again:
        assert execute(again, "SELECT amount FROM orders") == [(11,)]


def test_a_driver_sees_each_toxic_and_its_end(proxy: Proxy, through: Database) -> None:
    """Refused, reset, cut: an error each time, and afterwards a connection that works."""
    with proxy.refuse() as refuse, pytest.raises(LOST_CONNECTION):
        through.connect()
    with contextlib.closing(through.connect()) as connection:
        assert proxy.reset() == 1
        with pytest.raises(LOST_CONNECTION):
            execute(connection, "SELECT 1")
    connection = through.connect()
    with proxy.cut_after(10) as cut, pytest.raises(LOST_CONNECTION):
        execute(connection, "SELECT 1")
    close(connection)
    with contextlib.closing(through.connect()) as connection:
        with proxy.latency(0.05) as latency, proxy.bandwidth(1_000_000) as bandwidth:
            begun = time.monotonic()
            assert execute(connection, "SELECT 1") == [(1,)]
            assert time.monotonic() - begun >= 0.1

        assert execute(connection, "SELECT 1") == [(1,)]
    assert (refuse.refused, cut.cut, latency.delayed > 0, bandwidth.bytes > 0) == (1, 1, True, True)


def test_a_statement_in_a_blackhole_waits_until_it_heals(proxy: Proxy, client: Any) -> None:
    """No error reaches the driver before the heal, which resets its connection."""
    with ThreadPoolExecutor(1) as thread:
        with proxy.blackhole() as blackhole:
            waiting = thread.submit(execute, client, "SELECT 1")
            while not blackhole.bytes:
                time.sleep(0.001)
            assert not waiting.done()
        with pytest.raises(LOST_CONNECTION):
            waiting.result(timeout=20.0)

    assert blackhole.resets == 1


@ON_POSTGRESQL
def test_prepared_statements_are_understood(
    database: Database, proxy: Proxy, client: psycopg.Connection[Any]
) -> None:
    """After its fifth execution psycopg sends a statement's name instead of its text."""
    for amount in range(10):
        client.execute("UPDATE orders SET amount = %s", (amount,))
    rule = proxy.lose_answers(r"UPDATE orders SET amount = \$1")
    with rule as lose, pytest.raises(psycopg.OperationalError):
        client.execute("UPDATE orders SET amount = %s", (77,))

    assert [lost.answer for lost in lose.lost] == ["UPDATE 1"]
    assert rows(database) == [(1, 77)]


@ON_POSTGRESQL
def test_a_pipeline_loses_the_answer_to_its_commit(
    database: Database, proxy: Proxy, client: psycopg.Connection[Any]
) -> None:
    """BEGIN, statements and COMMIT may be on their way at once."""

    def insert() -> None:
        with client.pipeline(), client.transaction():
            client.execute("INSERT INTO orders VALUES (%s, %s)", (2, 20))
            assert client.execute("SELECT 1").fetchone() == (1,)

    with proxy.lose_answers("INSERT") as lose, pytest.raises(psycopg.OperationalError):
        insert()

    assert len(lose.lost) == 1
    assert rows(database) == [(1, 10), (2, 20)]


@ON_POSTGRESQL
def test_copy_passes_and_can_be_lost(
    database: Database, proxy: Proxy, client: psycopg.Connection[Any]
) -> None:
    """The server's invitation to send rows is not kept back."""

    def copy() -> None:
        with client.cursor().copy("COPY orders FROM STDIN") as rows_to_copy:
            rows_to_copy.write_row((2, 20))

    with proxy.lose_answers("COPY") as lose, pytest.raises(psycopg.OperationalError):
        copy()

    assert len(lose.lost) == 1
    assert rows(database) == [(1, 10), (2, 20)]


@ON_POSTGRESQL
def test_a_cancel_request_reaches_the_server(client: psycopg.Connection[Any]) -> None:
    """It comes on a connection of its own, without a start-up."""
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(client.execute, "SELECT pg_sleep(60)")
        while not waiting.done():
            client.cancel_safe()
            time.sleep(0.01)
        with pytest.raises(psycopg.errors.QueryCanceled):
            waiting.result()


@ON_POSTGRESQL
def test_notifications_are_left_out_until_the_heal(
    database: Database, proxy: Proxy, client: psycopg.Connection[Any]
) -> None:
    """The listener goes on working and does not learn of what was lost."""
    client.execute("LISTEN orders")
    with contextlib.closing(database.connect()) as other:
        with proxy.drop_notifications() as drop:
            execute(other, "NOTIFY orders, 'lost'")
            while not drop.dropped:
                client.execute("SELECT 1")
        execute(other, "NOTIFY orders, 'heard'")
        heard = next(client.notifies(timeout=20.0))

    assert (heard.payload, drop.dropped) == ("heard", 1)


@ON_POSTGRESQL
def test_encryption_is_refused_and_a_client_that_insists_is_told(
    database: Database, proxy: Proxy
) -> None:
    """As a server without encryption would say."""
    address = parse_url(database.url)
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        psycopg.connect(
            host="127.0.0.1",
            port=proxy.port,
            user=address.user,
            password=address.password,
            dbname=address.database,
            sslmode="require",
        )
