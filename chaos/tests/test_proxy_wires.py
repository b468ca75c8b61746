"""What the proxy understands of PostgreSQL's and MySQL's protocols, however they are chunked."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.proxy.frames import BODY_LIMIT
from chaos.proxy.mysqlwire import MySQLWire
from chaos.proxy.pgwire import PostgreSQLWire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.proxy.wire import Answer, Wire

Turn = tuple[str, bytes]
"""Who speaks, client or server, and what is said."""


def pg(kind: str, body: bytes = b"") -> bytes:
    """Write a message of PostgreSQL."""
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def startup(code: int, body: bytes = b"") -> bytes:
    """Write a message of PostgreSQL that has no type."""
    return struct.pack("!ii", len(body) + 8, code) + body


def extended(name: bytes, *, sql: bytes | None = None) -> bytes:
    """Write Parse, if there is SQL, Bind, Describe and Execute."""
    parse = b"" if sql is None else pg("P", name + b"\0" + sql + b"\0\0\0")
    bind = pg("B", b"\0" + name + b"\0" + bytes(6))
    return parse + bind + pg("D", b"P\0") + pg("E", b"\0" + bytes(4))


def done(tag: str) -> bytes:
    """Write CommandComplete."""
    return pg("C", tag.encode() + b"\0")


READY, IN_TRANSACTION, FAILED = pg("Z", b"I"), pg("Z", b"T"), pg("Z", b"E")
NOTIFICATION = pg("A", bytes(4) + b"orders\0payload\0")
ERROR = pg("E", b"SERROR\0C23505\0Mduplicate\0\0")
POSTGRESQL: list[Turn] = [
    ("client", startup(80877103)),
    ("client", startup(196608, b"user\0killproof\0\0")),
    ("server", pg("R", bytes(4)) + pg("S", b"TimeZone\0UTC\0") + pg("K", bytes(8)) + READY),
    ("client", pg("Q", b"INSERT alone\0")),
    ("server", NOTIFICATION + done("INSERT 0 1") + READY),
    ("client", extended(b"one", sql=b"UPDATE named") + pg("S")),
    ("server", pg("1") + pg("2") + pg("n") + done("UPDATE 3") + READY),
    ("client", extended(b"one") + extended(b"two", sql=b"SELECT 2") + pg("S")),
    ("server", pg("2") + done("UPDATE 1") + pg("1") + pg("D", b"x" * 99) + done("SELECT 1")),
    ("server", READY + NOTIFICATION),
    ("client", pg("C", b"Sone\0") + extended(b"one") + pg("S")),
    ("server", ERROR + READY),
    ("client", extended(b"", sql=b"BEGIN") + extended(b"", sql=b"DELETE") + pg("S")),
    ("client", extended(b"", sql=b"COMMIT") + pg("S") + pg("Q", b"SELECT 3; ROLLBACK\0")),
    ("server", done("BEGIN") + done("DELETE 1") + IN_TRANSACTION + done("COMMIT") + READY),
    ("server", done("SELECT 1") + done("ROLLBACK") + READY),
    ("client", pg("Q", b"INSERT twice\0")),
    ("server", ERROR + FAILED),
    ("client", pg("Q", b"COMMIT\0") + pg("X")),
    ("server", done("ROLLBACK") + READY),
]
POSTGRESQL_ANSWERS = [
    ([], "", True, True, True),
    (["INSERT alone"], "INSERT 0 1", True, True, True),
    (["UPDATE named"], "UPDATE 3", True, True, True),
    (["UPDATE named", "SELECT 2"], "UPDATE 1, SELECT 1", True, True, True),
    ([""], "ERROR 23505", False, False, True),
    (["BEGIN", "DELETE"], "BEGIN, DELETE 1", True, False, False),
    (["COMMIT"], "COMMIT", True, True, True),
    (["SELECT 3; ROLLBACK"], "SELECT 1, ROLLBACK", True, False, True),
    (["INSERT twice"], "ERROR 23505", False, False, False),
    (["COMMIT"], "ROLLBACK", True, False, True),
]


def packet(body: bytes, sequence: int = 0) -> bytes:
    """Write a packet of MySQL."""
    return struct.pack("<I", len(body))[:3] + bytes([sequence]) + body


def ok(status: int, affected: int = 1) -> bytes:
    """Write an OK packet."""
    return packet(bytes([0, affected, 0]) + struct.pack("<HH", status, 0))


def eof(status: int) -> bytes:
    """Write an EOF packet."""
    return packet(b"\xfe" + struct.pack("<HH", 0, status))


def command(code: int, body: bytes = b"") -> bytes:
    """Write a command."""
    return packet(bytes([code]) + body)


def greeting(lower: int, upper: int, own: int) -> bytes:
    """Write a server's greeting with these capabilities."""
    salt, middle = bytes(4) + b"saltsalt\0", b"\x2d\x02\x00"
    behind = struct.pack("<HB6xI", upper, 21, own) + b"saltsaltsalt\0plugin\0"
    return packet(b"\x0a11.4.2\0" + salt + struct.pack("<H", lower) + middle + behind)


AUTOCOMMIT, OPEN, MORE, CURSOR = 2, 3, 10, 66
ROWS = packet(b"\x01") + packet(b"\x03def") + eof(AUTOCOMMIT) + packet(b"\x00") + packet(b"\x01a")
MYSQL_ERROR = packet(b"\xff" + struct.pack("<H", 1062) + b"#23000Duplicate")
DEADLOCK = packet(b"\xff" + struct.pack("<H", 1213) + b"#40001Deadlock")
PREPARED = packet(b"\x00" + struct.pack("<IHHxH", 7, 1, 2, 0))
MYSQL: list[Turn] = [
    ("server", greeting(0xFFFE, 0xFFFF, 0xFFFF)),
    ("client", packet(b"\x03 is no command here", 1)),
    ("server", packet(b"\xfecaching_sha2_password\0salt\0") + packet(b"\x01\x04")),
    ("client", packet(b"\x03scrambled", 3)),
    ("server", ok(AUTOCOMMIT, 0)),
    ("client", command(3, b"INSERT alone")),
    ("server", ok(AUTOCOMMIT)),
    ("client", command(3, b"SELECT rows")),
    ("server", ROWS + eof(AUTOCOMMIT)),
    ("client", command(3, b"SET AUTOCOMMIT = 0")),
    ("server", ok(0, 0)),
    ("client", command(3, b"UPDATE")),
    ("server", ok(OPEN, 250)),
    ("client", command(3, b"UPDATE twice")),
    ("server", MYSQL_ERROR),
    ("client", command(3, b" Rollback")),
    ("server", ok(0, 0)),
    ("client", command(3, b"CALL two")),
    ("server", ROWS + eof(MORE) + ok(AUTOCOMMIT, 0)),
    ("client", command(0x16, b"DELETE prepared")),
    ("server", PREPARED + packet(b"?") * 2 + eof(2) + packet(b"column") + eof(2)),
    ("client", command(0x18, struct.pack("<IH", 7, 0) + b"long data")),
    ("client", command(0x17, struct.pack("<I", 7) + bytes(5))),
    ("server", packet(b"\x01") + packet(b"\x03def") + eof(CURSOR)),
    ("client", command(0x1C, struct.pack("<II", 7, 1))),
    ("server", packet(b"\x00\x00row") + eof(CURSOR)),
    ("client", command(0x19, struct.pack("<I", 7)) + command(0x0E)),
    ("server", ok(OPEN, 0)),
    ("client", command(9)),
    ("server", packet(b"Uptime: 3")),
    ("client", command(3, b"UPDATE")),
    ("server", DEADLOCK),
    ("client", command(0x11, b"\x03user")),
    ("server", packet(b"\xfeplugin\0")),
    ("client", packet(b"\x03answer", 3)),
    ("server", ok(AUTOCOMMIT, 0)),
    ("client", command(1)),
]
MYSQL_ANSWERS = [
    ([], "OK, 0 rows affected", True, False, True),
    (["INSERT alone"], "OK, 1 rows affected", True, True, True),
    (["SELECT rows"], "rows", True, True, True),
    (["SET AUTOCOMMIT = 0"], "OK, 0 rows affected", True, True, True),
    (["UPDATE"], "OK, 250 rows affected", True, False, False),
    (["UPDATE twice"], "ERROR 1062", False, False, False),
    ([" Rollback"], "OK, 0 rows affected", True, False, True),
    (["CALL two"], "OK, 0 rows affected", True, True, True),
    ([], "prepared", True, False, False),
    (["DELETE prepared"], "rows", True, True, True),
    ([], "rows", True, False, True),
    ([], "OK, 0 rows affected", True, False, False),
    ([], "statistics", True, False, False),
    (["UPDATE"], "ERROR 1213", False, False, True),
    ([], "OK, 0 rows affected", True, False, True),
]


def chunks(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """Cut bytes at some places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for begin, end in itertools.pairwise(places):
        yield data[begin:end]


def listen(wire: Wire, turns: list[Turn], cuts: list[int]) -> tuple[dict[str, bytes], list[Answer]]:
    """Have a wire read a conversation; return what arrives, and the answers."""
    arrived, answers = {"client": b"", "server": b""}, []
    for speaker, data in turns:
        for chunk in chunks(data, cuts):
            if speaker == "client":
                forward, reply = wire.from_client(chunk)
                arrived["server"] += forward
                arrived["client"] += reply
                continue
            for piece in wire.from_server(chunk):
                arrived["client"] += piece.data
                answers += [piece.answer] if piece.answer else []
    return arrived, answers


def summary(answer: Answer) -> tuple[list[str], str, bool, bool, bool]:
    """Return the fields of an answer."""
    statements = list(answer.statements)
    return (statements, answer.said, answer.is_ok, answer.is_committed, answer.is_over)


def said_by(turns: list[Turn], speaker: str) -> bytes:
    """Return all that one of them said."""
    return b"".join(data for who, data in turns if who == speaker)


@given(st.lists(st.integers(0, 500), max_size=200))
def test_postgresql_is_understood_however_it_is_chunked(cuts: list[int]) -> None:
    """The same answers, and the same bytes but for encryption, which is refused."""
    arrived, answers = listen(PostgreSQLWire(), POSTGRESQL, cuts)

    assert [summary(answer) for answer in answers] == POSTGRESQL_ANSWERS
    assert arrived["server"] == said_by(POSTGRESQL[1:], "client")
    assert arrived["client"] == b"N" + said_by(POSTGRESQL, "server")


@given(st.lists(st.integers(0, 500), max_size=200))
def test_mysql_is_understood_however_it_is_chunked(cuts: list[int]) -> None:
    """The same answers, and the same bytes but for what the greeting may not offer."""
    arrived, answers = listen(MySQLWire(), MYSQL, cuts)

    assert [summary(answer) for answer in answers] == MYSQL_ANSWERS
    assert arrived["server"] == said_by(MYSQL, "client")
    offered = greeting(0xFFFE & ~0x8A0, 0xFFFF & ~0x0F00, 0)
    assert arrived["client"] == offered + said_by(MYSQL[1:], "server")


@given(st.lists(st.integers(0, 500), max_size=200))
def test_notifications_are_pieces_of_their_own(cuts: list[int]) -> None:
    """Whole, so that they can be left out."""
    wire, left_out = PostgreSQLWire(), []
    for speaker, data in POSTGRESQL:
        for chunk in chunks(data, cuts):
            if speaker == "client":
                wire.from_client(chunk)
            else:
                pieces = wire.from_server(chunk)
                left_out += [piece.data for piece in pieces if piece.is_notification]

    assert left_out == [NOTIFICATION] * 2


def test_a_packet_of_the_largest_size_continues_in_the_next_one() -> None:
    """The second half of a long statement or row is not taken for a packet of its own."""
    largest = b"\xff\xff\xff\x00" + b"\x03INSERT " + b"x" * (0xFFFFFF - 8)
    wire = MySQLWire()
    listen(wire, MYSQL[:5], [])

    forward, _ = wire.from_client(largest + packet(b"\x01"))
    (piece,) = wire.from_server(ok(AUTOCOMMIT))

    assert len(forward) == len(largest) + 5
    assert piece.answer is not None
    assert [len(statement) for statement in piece.answer.statements] == [BODY_LIMIT - 1]


@pytest.mark.parametrize("wire", [PostgreSQLWire(), MySQLWire()])
def test_what_is_no_protocol_is_handed_on(wire: Wire) -> None:
    """At the end at the latest, and nothing of it is collected."""
    noise = b"\xff" * 20_000

    forward = wire.from_client(noise)[0] + wire.rest_of_client()
    pieces = wire.from_server(noise)

    assert forward == noise
    assert b"".join(piece.data for piece in pieces) + wire.rest_of_server() == noise
