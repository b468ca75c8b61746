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


class Rewriter:
    """Replaces parts of statements.

    Attributes:
        rewritten: how many statements it changed: a specimen that never did its wrong is no proof.
    """

    def __init__(self, rewrites: Sequence[Rewrite]) -> None:
        """Take regular expressions and what to put in place of what they match."""
        self._rewrites = [(re.compile(pattern), by) for pattern, by in rewrites]
        self.rewritten = 0

    def __call__(self, sql: str) -> str:
        """Return the statement as it is sent."""
        changed = sql
        for pattern, by in self._rewrites:
            changed = pattern.sub(by, changed)
        self.rewritten += changed != sql
        return changed

    @contextlib.contextmanager
    def everywhere(self) -> Iterator[None]:
        """Rewrite what any connection executes, be it there already or yet to come."""

        def execute(
            real: Callable[..., Any], cursor: CursorWrapper, sql: Any, *rest: Any, **more: Any
        ) -> Any:
            return real(cursor, self(sql) if isinstance(sql, str) else sql, *rest, **more)

        with (
            replaced(CursorWrapper, "execute", execute),
            replaced(CursorWrapper, "executemany", execute),
        ):
            yield
