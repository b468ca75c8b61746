"""The arguments of a call as canonical JSON: equal calls give equal text and an equal hash."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Final, cast

from background_task.exceptions import TaskArgumentsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INTEGER_BITS: Final = 10_000
"""Python refuses to read back longer numbers, as that takes it very long."""

_PLAIN: Final = frozenset({str, bool, type(None)})
_ENCODER: Final = json.JSONEncoder(sort_keys=True)


def encode(
    task_name: str, args: Sequence[Any], kwargs: Mapping[str, Any], *, max_bytes: int
) -> str:
    """Return ``[args, kwargs]`` as JSON with sorted keys, in ASCII.

    Raises:
        TaskArgumentsError: an argument would not come back from JSON as it is (tuples excepted:
            they come back as lists), or the text is longer than ``max_bytes``.
    """
    try:
        # Most calls have a few plain values, which cannot be wrong and need no search.
        if not all(map(_is_plain, (*args, *kwargs.values()))):
            for place, problem in _problems(args, kwargs):
                raise TaskArgumentsError(task_name, f"{place} {problem}")
        text = _ENCODER.encode([args, kwargs])
    except RecursionError:
        raise TaskArgumentsError(task_name, "its arguments are nested too deeply") from None
    if len(text) > max_bytes:
        raise TaskArgumentsError(
            task_name,
            f"its arguments are {len(text):,} bytes of JSON and the limit is {max_bytes:,}; "
            "store the data elsewhere and pass its id",
        )
    return text


def decode(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a stored call; raises ValueError if the text is not one."""
    document = json.loads(text)
    match document:
        case [list(args), dict(kwargs)]:
            return args, kwargs
    raise ValueError(f"expected [[...], {{...}}] in task_params, found {text[:80]}")


def task_hash(task_name: str, task_params: str) -> str:
    """Return the SHA-1 hex digest of ``name:arguments``, 40 characters."""
    return hashlib.sha1(f"{task_name}:{task_params}".encode(), usedforsecurity=False).hexdigest()


def _is_plain(value: object) -> bool:
    kind = type(value)
    return kind in _PLAIN or (kind is int and cast("int", value).bit_length() <= INTEGER_BITS)


def _problems(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for position, value in enumerate(args, start=1):
        yield from _value_problems(f"argument {position}", value, ())
    for name, value in kwargs.items():
        yield from _value_problems(f"argument {name!r}", value, ())


def _value_problems(
    place: str, value: object, parents: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    match value:
        case int() if value.bit_length() > INTEGER_BITS:
            yield place, f"is a number of more than {INTEGER_BITS:,} bits; pass it as text"
        case None | bool() | int() | str():
            return
        case float():
            if not math.isfinite(value):
                yield place, f"is {value}, which JSON cannot hold"
        case list() | tuple() | dict() if id(value) in parents:
            yield place, "contains itself"
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _value_problems(f"{place}[{index}]", item, (*parents, id(value)))
        case dict():
            yield from _mapping_problems(place, value, (*parents, id(value)))
        case _:
            yield place, f"is a {type(value).__name__}, which JSON cannot hold; pass its id or text"


def _mapping_problems(
    place: str, mapping: Mapping[Any, Any], parents: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    for key, item in mapping.items():
        if not isinstance(key, str):
            yield place, f"has the key {key!r}, and keys of JSON objects are strings"
        yield from _value_problems(f"{place}[{key!r}]", item, parents)
