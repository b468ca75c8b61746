"""Rewrites SQL between Django and the database, on every connection of this process."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.backends.utils import CursorWrapper

from chaos.zoo.replacing import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


Rewrite: TypeAlias = "tuple[str, str | Callable[[re.Match[str]], str]]"


@contextlib.contextmanager
def rewritten(rewrites: Sequence[Rewrite], note: Callable[[], None]) -> Iterator[None]:
    """Replace parts of what any connection executes, be it there already or yet to come.

    Args:
        rewrites: regular expressions, and what to put in place of what they match.
        note: is called for each statement that was changed.
    """
    compiled = [(re.compile(pattern), by) for pattern, by in rewrites]

    def rewrite(sql: str) -> str:
        changed = sql
        for pattern, by in compiled:
            changed = pattern.sub(by, changed)
        if changed != sql:
            note()
        return changed

    def execute(
        real: Callable[..., Any], cursor: CursorWrapper, sql: Any, *rest: Any, **more: Any
    ) -> Any:
        return real(cursor, rewrite(sql) if isinstance(sql, str) else sql, *rest, **more)

    with (
        replaced(CursorWrapper, "execute", execute),
        replaced(CursorWrapper, "executemany", execute),
    ):
        yield
