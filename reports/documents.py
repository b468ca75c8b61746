"""Builds the dataclasses of a schema from what JSON has of them.

What was built has the types that its dataclass promises: a reader need not doubt them.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

_Document = TypeVar("_Document")
_SCALARS: Final[Mapping[Any, tuple[type, ...]]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
}


def from_document(kind: type[_Document], document: Any) -> _Document:
    """Build a dataclass, and all below it.

    Raises:
        TypeError: something is missing, unknown, or of another type; the message names it.
    """
    _require(document, dict, kind.__name__)
    hints = _hints(typing.cast("Any", kind))
    unknown = document.keys() - hints.keys()
    if unknown:
        raise TypeError(f"{min(unknown)} is no field of {kind.__name__}")
    return kind(**{name: _value(hints[name], value, name) for name, value in document.items()})


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(hint: Any, value: Any, name: str) -> Any:
    """Give a value of JSON the type that it is annotated with."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        inner = next(part for part in parts if part is not type(None))
        return None if value is None else _value(inner, value, name)
    if dataclasses.is_dataclass(hint):
        return from_document(typing.cast("type[Any]", hint), value)
    if origin is tuple:
        return _items(parts, value, name)
    if origin is Mapping:
        _require(value, dict, name)
        return {key: _value(parts[1], item, f"{name}.{key}") for key, item in value.items()}
    if origin is Literal and value not in parts:
        raise TypeError(f"{name} is {value!r:.60} and not one of {', '.join(parts)}")
    if hint in _SCALARS:
        _check_scalar(hint, value, name)
    return value


def _items(parts: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    _require(value, list, name)
    hints = [parts[0]] * len(value) if parts[-1] is ... else parts
    if len(hints) != len(value):
        raise TypeError(f"{name} has {len(value)} items and not {len(hints)}")
    return tuple(_value(hint, item, name) for hint, item in zip(hints, value, strict=True))


def _check_scalar(hint: Any, value: Any, name: str) -> None:
    is_disguised = isinstance(value, bool) and hint is not bool
    if is_disguised or not isinstance(value, _SCALARS[hint]):
        raise TypeError(f"{name} is {value!r:.60} and not of the type {hint.__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"{name} is {value}, which is no number")


def _require(value: Any, kind: type, name: str) -> None:
    if not isinstance(value, kind):
        word = "an object" if kind is dict else "a list"
        raise TypeError(f"{name} is {value!r:.60} and not {word}")
