"""A counterexample in words: the arguments, the plan, what differs, and what mends it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from properties.idempotency.hints import hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.idempotency.differences import Difference
    from properties.idempotency.facts import Fact
    from properties.idempotency.lives import Life

WIDTH: Final = 40
WHOLE_WIDTH: Final = 64
MOST_ROWS: Final = 12
DOCUMENT: Final = "docs/idempotency.md"
Line = tuple[str, str, str]


def report(name: str, arguments: str, lives: Sequence[Life], found: Sequence[Difference]) -> str:
    """Return the whole counterexample."""
    plan = "\n".join(f"  delivery {at}: {_story(life)}" for at, life in enumerate(lives, start=1))
    parts = [
        f"{name} is not idempotent: {_summary(lives)}",
        f"Called as: {name}({arguments})",
        f"Plan:\n{plan}",
    ]
    if found:
        parts.append(f"What differs:\n{_table(found)}")
    advice = textwrap.fill(hint(found, lives), width=88, subsequent_indent="  ")
    return "\n\n".join([*parts, f"{advice}\n  See {DOCUMENT}."])


def chance(name: str, arguments: str, found: Sequence[Difference]) -> str:
    """Return the sentence for a task whose single deliveries differ from one another."""
    names = {f"{one.table}.{column}" for one in found for column in one.columns}
    names |= {one.table for one in found if not one.columns}
    listed = ", ".join(f'"{name}"' for name in sorted(names))
    advice = f"derive the values from the arguments, or leave them out with ignore=[{listed}]"
    if names == {"observe.value"}:
        advice = "let given= put back what observe= looks at"
    if "effect.call" in names:
        advice = f"a key or value that is new each time protects from nothing, so {advice}"
    return (
        f"{name}({arguments}) is not deterministic: two single deliveries from the same start "
        f"differ in {', '.join(sorted(names))}; {advice}."
    )


def _summary(lives: Sequence[Life]) -> str:
    if (error := lives[-1].error) is not None:
        return f"delivered again, it raises {_error(error)}."
    deaths = [life.death for life in lives if life.death]
    how = "delivered twice"
    if len(lives) == 2 and deaths:
        how = f"killed {deaths[0]} and delivered again"
    elif len(lives) > 2:
        how = f"delivered {len(lives)} times and killed in {len(deaths)} of them"
    return f"{how}, it leaves another state than one delivery does."


def _story(life: Life) -> str:
    if life.death:
        return f"killed {life.death}"
    return f"whole, raised {_error(life.error)}" if life.error is not None else "whole"


def _error(error: BaseException) -> str:
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _table(found: Sequence[Difference]) -> str:
    lines = [line for one in found[:MOST_ROWS] for line in _lines(one)]
    lines = [("", "after one delivery", "after this plan"), *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    rows = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        for line in lines
    ]
    if len(found) > MOST_ROWS:
        rows.append(f"and {len(found) - MOST_ROWS} more")
    return "\n".join(f"  {row}".rstrip() for row in rows)


def _lines(one: Difference) -> list[Line]:
    """Return one line for each column that differs, or one for a whole row."""
    if one.expected is None or one.got is None:
        return [(_who(one), _whole(one.expected), _whole(one.got))]
    if not one.columns:
        return [(_who(one), "linked with these rows", "linked with other rows")]
    expected, got = one.expected.columns, one.got.columns
    return [
        (f"{_who(one)}.{name}", _short(expected[name]), _short(got.get(name, "-")))
        for name in one.columns
    ]


def _who(one: Difference) -> str:
    fact = one.expected or one.got
    assert fact is not None, "a difference is of something"
    return f"{fact.table} {fact.identity}".rstrip()


def _whole(fact: Fact | None) -> str:
    if fact is None:
        return "-"
    told = " ".join(f"{name}={value}" for name, value in fact.columns.items())
    return _short(told or "a row", WHOLE_WIDTH)


def _short(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
