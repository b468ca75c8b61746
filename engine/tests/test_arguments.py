"""Arguments: what JSON holds comes back, and what it cannot hold is refused in one sentence."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import math
from typing import Any

import pytest

from background_task.arguments import decode, encode, task_hash
from background_task.exceptions import TaskArgumentsError

LIMIT = 10_000


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append({"inside": circle})
    return circle


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    "values",
    [
        [],
        [None, True, 0, -1, 1.5, "text"],
        [{"a": [1, {"b": []}]}, [[[]]]],
        ["\x00", "\ud800", "naïve", "🐘", 'quote " backslash \\'],
        [2**70, -1e308],
    ],
)
def test_what_json_holds_comes_back(values: list[Any]) -> None:
    """A task gets the arguments that its caller gave."""
    text = encode("mail", values, {"also": values}, max_bytes=LIMIT)

    assert decode(text) == (values, {"also": values})
    assert text.isascii()


def test_a_tuple_comes_back_as_a_list() -> None:
    """The one change that JSON makes is allowed, as everybody knows it."""
    assert decode(encode("mail", ((1, (2,)),), {}, max_bytes=LIMIT)) == ([[1, [2]]], {})


def test_one_value_may_occur_twice() -> None:
    """Only a value inside itself is endless, not one beside itself."""
    order = {"id": 1}

    assert decode(encode("mail", [order, [order]], {}, max_bytes=LIMIT))[0] == [order, [order]]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "argument 1 is a object, which JSON cannot hold; pass its id or text"),
        ({1, 2}, "argument 1 is a set,"),
        (b"bytes", "argument 1 is a bytes,"),
        (decimal.Decimal(1), "argument 1 is a Decimal,"),
        (datetime.date(2020, 1, 1), "argument 1 is a date,"),
        (math.nan, "argument 1 is nan, which JSON cannot hold"),
        (-math.inf, "argument 1 is -inf, which JSON cannot hold"),
        ([1, {"deep": [math.inf]}], "argument 1[1]['deep'][0] is inf"),
        ({"a": {1: 2}}, "argument 1['a'] has the key 1, and keys of JSON objects are strings"),
        ({None: 1}, "argument 1 has the key None"),
        (_circle(), "argument 1[0]['inside'] contains itself"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: object, reason: str) -> None:
    """The error names the task, the place in the arguments and what is wrong there."""
    with pytest.raises(TaskArgumentsError) as caught:
        encode("shop.mail", [value], {}, max_bytes=LIMIT)

    assert str(caught.value).startswith(f"shop.mail was not enqueued: {reason}")
    assert caught.value.task_name == "shop.mail"
    assert "\n" not in str(caught.value)


def test_a_named_argument_is_refused_by_its_name() -> None:
    """The error names a keyword argument as the caller wrote it."""
    with pytest.raises(TaskArgumentsError, match="argument 'order' is a object"):
        encode("mail", [], {"order": object()}, max_bytes=LIMIT)


@pytest.mark.parametrize("value", [_deep(), 10**5000], ids=["deep", "long number"])
def test_what_python_cannot_write_as_json_is_refused(value: object) -> None:
    """A value beyond the interpreter's own limits is refused like any other."""
    with pytest.raises(TaskArgumentsError, match="mail was not enqueued: "):
        encode("mail", [value], {}, max_bytes=LIMIT)


def test_the_limit_is_exact() -> None:
    """Text of the limit's length is stored; one more byte is refused, with both figures."""
    text = encode("mail", ["x" * 1000], {}, max_bytes=LIMIT)

    assert encode("mail", ["x" * 1000], {}, max_bytes=len(text)) == text
    with pytest.raises(
        TaskArgumentsError, match=r"arguments are 1,010 bytes of JSON and the limit is 1,009;"
    ):
        encode("mail", ["x" * 1000], {}, max_bytes=len(text) - 1)


def test_equal_calls_have_equal_text() -> None:
    """The order in which keys were written does not count."""
    one = encode("mail", [{"a": 1, "b": 2}], {"x": 1, "y": 2}, max_bytes=LIMIT)
    other = encode("mail", [{"b": 2, "a": 1}], {"y": 2, "x": 1}, max_bytes=LIMIT)

    assert one == other == '[[{"a": 1, "b": 2}], {"x": 1, "y": 2}]'


def test_the_hash_is_that_of_name_and_arguments() -> None:
    """Tools outside the engine can compute the same hash."""
    text = '[["a"], {}]'

    assert task_hash("shop.mail", text) == hashlib.sha1(b'shop.mail:[["a"], {}]').hexdigest()  # noqa: S324
    assert task_hash("shop.mail", text) != task_hash("shop.mai", text)


@pytest.mark.parametrize("text", ["", "not JSON", "{}", "[[]]", '["a", {}]', "[{}, []]", "null"])
def test_a_row_that_holds_no_arguments_is_refused(text: str) -> None:
    """A row that somebody wrote by hand gives an error, not a strange call."""
    with pytest.raises(ValueError, match=r"Expecting value|expected \[\[...\], {...}\]"):
        decode(text)
