"""URLs of databases: what they say is read, and what they lack is said."""

from __future__ import annotations

import pytest

from engine.databases import Address, parse_url


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "postgresql://ann:secret@db.example:5433/orders",
            Address(
                name="postgresql",
                user="ann",
                password="secret",  # noqa: S106 - nobody's
                host="db.example",
                port=5433,
                database="orders",
            ),
        ),
        (
            "mysql://ann@127.0.0.1/orders",
            Address(name="mysql", user="ann", port=3306, database="orders"),
        ),
        (
            "mariadb://a%40b:p%2Fq%3A@[::1]:3307/my%20orders",
            Address(
                name="mariadb",
                user="a@b",
                password="p/q:",  # noqa: S106 - nobody's
                host="::1",
                port=3307,
                database="my orders",
            ),
        ),
        ("sqlite:////var/my%20orders.db", Address(name="sqlite", database="/var/my orders.db")),
    ],
)
def test_a_url_says_where_the_database_is(url: str, address: Address) -> None:
    """Every part is read, special signs included."""
    assert parse_url(url) == address


@pytest.mark.parametrize("name", ["postgresql", "mysql", "mariadb"])
def test_an_address_survives_being_written_and_read(name: str) -> None:
    """What a harness prints, another one can be given."""
    signs = "@:/?#% "
    address = Address(name=name, user=signs, password=signs, port=1, database="o%rders", host="h")

    assert parse_url(address.url) == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("oracle://ann@host/orders", "'oracle' is not a database we know"),
        ("orders", "'orders' is not a database we know"),
        ("postgresql://ann@host", "lacks a part"),
        ("postgresql://host/orders", "lacks a part"),
        ("postgresql://ann@/orders", "lacks a part"),
        ("postgresql://ann@host/orders/more", "lacks a part"),
        ("postgresql://ann@host:port/orders", "port of the postgresql URL"),
        ("postgresql://ann@host:99999/orders", "port of the postgresql URL"),
        ("postgresql://ann@host/orders?sslmode=require", "takes nothing after the name"),
        ("mysql://ann:@[::1/orders", "not well formed"),
        ("sqlite://orders.db", "names no file"),
        ("sqlite:///orders.db", "names no file"),
        ("sqlite:////", "names no file"),
    ],
)
def test_a_bad_url_is_refused_in_one_sentence(url: str, complaint: str) -> None:
    """The sentence says what is wrong and what to write."""
    with pytest.raises(ValueError, match=complaint) as caught:
        parse_url(url)

    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_password_is_not_shown_in_a_traceback() -> None:
    """The representation of an address leaves it out."""
    assert "secret" not in repr(parse_url("mysql://ann:secret@host/orders"))


def test_a_complaint_does_not_quote_the_password() -> None:
    """A log may be public."""
    with pytest.raises(ValueError, match="lacks a part") as caught:
        parse_url("mysql://ann:secret@host")

    assert "secret" not in str(caught.value)
