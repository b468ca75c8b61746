"""What the engine says to its database for a batch of tasks, as a form that fits any other batch.

It is made of a trace of the engine at work (``recording``): of the transactions that usually end
tasks, the one with the fewest statements, with one that claims tasks if it claims none. Ids are
told from other numbers by their size: the traced queue counts from ``FIRST_ID``. Where a statement
repeats something for each task, such as the marks of a list, the form repeats it for each task of
the batch. A time that came with the tasks claimed last, such as the one from which the engine
looks on, follows the tasks.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from loadtests.benchmarks.recording import Sent

FIRST_ID: Final = 5_000_000_000
FAIR_SHARE: Final = 0.2

Whose = Literal["held", "new", ""]

# Rows that are alike, or marks: "(%s, 1), (%s, 1)" and "%s, %s".
_REPEATED: Final = re.compile(r"(?P<row>\([^()]*(?<!%)%s[^()]*\))(?:, (?P=row))+|(?<!%)%s(?:, %s)*")
_MARK: Final = re.compile(r"(?<!%)%s")


class ExchangeError(Exception):
    """A trace holds no exchange that could be replayed: one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A value that is the same as a column of the first of the tasks claimed before."""

    column: int
    first: object


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A value with an entry for each task: the first one, as it was seen.

    Filling it in must cost next to nothing, or the floor would be the loop's own.
    """

    first: Any
    is_json: bool

    def of(self, ids: Sequence[int]) -> Any:
        """Return the entries of these tasks."""
        entries = [_with_id(self.first, id_) for id_ in ids]
        return json.dumps(entries) if self.is_json else entries


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a statement is filled with.

    Attributes:
        ids: of the tasks that it is about.
        size: how many to claim.
        before: the first row of the last claim; () before the first one.
    """

    ids: Sequence[int]
    size: int
    before: tuple[Any, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a statement: text, and the values of the marks in it.

    Attributes:
        is_per_task: whether it is there once for each task; its values are the first task's.
        is_limit: whether its one value is the number of tasks to claim.
    """

    text: str
    values: tuple[Any, ...] = ()
    is_per_task: bool = False
    is_limit: bool = False

    def filled(self, batch: Batch) -> tuple[str, list[Any]]:
        """Return text and values for other tasks."""
        if self.is_limit:
            return self.text, [batch.size]
        if not self.is_per_task:
            return self.text, [_for_tasks(value, batch) for value in self.values]
        text = ", ".join([self.text] * len(batch.ids))
        return text, [_with_id(value, id_) for id_ in batch.ids for value in self.values]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of an exchange.

    Attributes:
        whose: the tasks that it is about: those that are held, or those that were just claimed.
        id_column: of its rows, if it is the one that finds tasks to claim.
    """

    parts: tuple[Part, ...]
    whose: Whose = ""
    id_column: int | None = None

    def filled(self, batch: Batch) -> tuple[str, list[Any]]:
        """Return the statement and its values for other tasks."""
        filled = [part.filled(batch) for part in self.parts]
        return "".join(text for text, _ in filled), [each for _, some in filled for each in some]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Transactions that end a batch and claim the next one, and how large a batch is."""

    transactions: tuple[tuple[Statement, ...], ...]
    batch: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A transaction of the trace."""

    statements: tuple[Statement, ...]
    ended: int
    claimed: int

    @property
    def shape(self) -> tuple[str, ...]:
        return tuple(part.text for statement in self.statements for part in statement.parts)


def exchange_of(trace: Iterable[Sequence[Sent]]) -> Exchange:
    """Return the typical exchange of a trace.

    Raises:
        ExchangeError: the trace ends no task, or claims none.
    """
    kept = list(_all_kept(trace))
    ending = _typical(kept, "ended")
    chosen = [ending] if ending.claimed else [ending, _typical(kept, "claimed")]
    sizes = [each.ended for each in kept if each.shape == ending.shape]
    return Exchange(
        transactions=tuple(each.statements for each in chosen),
        # Of the batches that tasks were in, not of all batches: those of the beginning are small.
        batch=max(1, round(sum(size * size for size in sizes) / sum(sizes))),
    )


def _typical(kept: Sequence[_Kept], what: Literal["ended", "claimed"]) -> _Kept:
    """Return the shortest transaction that does so to a fair share of all tasks."""
    tasks: collections.Counter[tuple[str, ...]] = collections.Counter()
    for each in kept:
        tasks[each.shape] += getattr(each, what)
    usual = {shape for shape, count in tasks.items() if count > tasks.total() * FAIR_SHARE}
    candidates = [each for each in kept if each.shape in usual]
    if not candidates:
        raise ExchangeError(f"no usual transaction of the trace has tasks {what}")
    # Both at once, if that is usual; then what says least; of these, what has most tasks.
    return min(
        candidates,
        key=lambda each: (not (each.ended and each.claimed), len(each.statements), -each.ended),
    )


def _all_kept(trace: Iterable[Sequence[Sent]]) -> Iterator[_Kept]:
    before: tuple[Any, ...] = ()
    for sent in trace:
        kept = _kept(sent, before)
        yield kept
        for statement, (_, _, rows) in zip(kept.statements, sent, strict=True):
            before = before if statement.id_column is None else rows[0]


def _kept(sent: Sequence[Sent], before: tuple[Any, ...]) -> _Kept:
    """Tell held tasks, which a statement names first, from new ones, which a row names first."""
    held: set[int] = set()
    new: set[int] = set()
    statements = []
    for sql, values, rows in sent:
        named = {id_ for value in values for id_ in _ids(value)}
        held |= named - new
        column = _id_column(rows, held)
        if column is not None:
            new |= {row[column] for row in rows}
        whose: Whose = "" if not named else ("new" if named & new else "held")
        statements.append(
            Statement(parts=_parts(sql, _forms(values, before)), whose=whose, id_column=column)
        )
    return _Kept(statements=tuple(statements), ended=len(held), claimed=len(new))


def _id_column(rows: Sequence[tuple[Any, ...]], held: set[int]) -> int | None:
    for column, value in enumerate(rows[0] if rows else ()):
        if _is_id(value) and value not in held:
            return column
    return None


def _forms(values: Sequence[Any], before: tuple[Any, ...]) -> list[Any]:
    """Return values, and in place of those that depend on the tasks, what makes them."""
    has_ids = any(_ids(value) for value in values)
    return [_form(value, before, has_ids=has_ids) for value in values]


def _form(value: Any, before: tuple[Any, ...], *, has_ids: bool) -> Any:
    if isinstance(value, datetime.datetime) and value in before:
        return Echo(column=before.index(value), first=value)
    if has_ids and isinstance(value, list) and value:
        return Entries(first=value[0], is_json=False)
    if isinstance(value, str) and _ids(value):
        return Entries(first=_json(value)[0], is_json=True)
    return value


def _parts(sql: str, values: Sequence[Any]) -> tuple[Part, ...]:
    parts, rest, position = [], list(values), 0
    for match in _REPEATED.finditer(sql):
        before = sql[position : match.start()]
        one = match["row"] or "%s"
        theirs = [rest.pop(0) for _ in _MARK.findall(match[0])]
        first = tuple(theirs[: len(_MARK.findall(one))])
        parts.append(Part(text=before))
        if all(map(_is_id, theirs)) or (match["row"] and any(map(_is_id, first))):
            parts.append(Part(text=one, values=first, is_per_task=True))
        else:
            is_limit = before.rstrip().upper().endswith("LIMIT")
            parts.append(Part(text=match[0], values=tuple(theirs), is_limit=is_limit))
        position = match.end()
    return (*parts, Part(text=sql[position:]))


def _is_id(value: object) -> bool:
    return isinstance(value, int) and FIRST_ID <= value < 2 * FIRST_ID


def _ids(value: object) -> list[int]:
    """Return the ids in a value: itself, those in a list, or those in JSON."""
    if isinstance(value, list | tuple):
        return [id_ for each in value for id_ in _ids(each)]
    if isinstance(value, dict):
        return _ids(list(value.values()))
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        return _ids(_json(value))
    return [value] if _is_id(value) else []  # type: ignore[list-item]


def _for_tasks(value: Any, batch: Batch) -> Any:
    if isinstance(value, Echo):
        return batch.before[value.column] if batch.before else value.first
    return value.of(batch.ids) if isinstance(value, Entries) else value


def _with_id(value: Any, id_: int) -> Any:
    if isinstance(value, dict):
        return {key: _with_id(each, id_) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_id(each, id_) for each in value]
    return id_ if _is_id(value) else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
