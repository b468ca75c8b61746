"""Reads a table of a TOML file into a dataclass.

The dataclass says it all once: its fields are the keys that are known, their types and bounds what
may stand there, their defaults what holds if nothing does.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from loadtests.bounds import Bounds, bounds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loadtests.toml_table import Table

_Plan = TypeVar("_Plan")


def read_plan(
    kind: type[_Plan],
    table: Table,
    *,
    given: Mapping[str, Any] | None = None,
    more: Iterable[str] = (),
) -> _Plan:
    """Build a dataclass; raises ProfileError.

    Args:
        kind: a dataclass whose fields are the keys.
        table: of the file.
        given: fields that the caller has read, or that no key sets.
        more: keys that the caller reads, besides the fields.
    """
    given = given or {}
    fields = [field for field in _fields(kind) if field.name not in given]
    table.check_keys([*(field.name for field in fields), *more])
    hints = typing.get_type_hints(kind)
    read = {field.name: _field(table, field, hints[field.name]) for field in fields}
    return kind(**given, **read)


def _fields(kind: type[Any]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(kind) if field.init]


def _field(table: Table, field: dataclasses.Field[Any], hint: Any) -> Any:
    if field.name not in table.values and field.default is not dataclasses.MISSING:
        return field.default
    return _value(table, field.name, hint, bounds_of(field))


def _value(table: Table, key: str, hint: Any, bounds: Bounds) -> Any:
    if dataclasses.is_dataclass(hint):
        return read_plan(typing.cast("type[Any]", hint), table.table(key))
    if typing.get_origin(hint) is tuple:
        return _list(table, key, typing.get_args(hint)[0], bounds)
    if typing.get_origin(hint) is Literal:
        return table.word(key, typing.get_args(hint))
    if hint is int:
        return table.whole(key, bounds)
    if hint is float:
        return table.number(key, table.values.get(key), bounds)
    return table.text(key)


def _list(table: Table, key: str, hint: Any, bounds: Bounds) -> tuple[Any, ...]:
    if dataclasses.is_dataclass(hint):
        kind = typing.cast("type[Any]", hint)
        return tuple(read_plan(kind, inner) for inner in table.tables(key))
    if typing.get_origin(hint) is Literal:
        return table.words(key, typing.get_args(hint))
    return table.numbers(key, bounds) if hint is float else table.words(key, bounds.words)
