"""Rewrites SQL between Django and the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Rewriter:
    """An execute wrapper of Django that replaces parts of statements.

    Attributes:
        rewritten: how many statements it changed: a specimen that never did its wrong is no proof.
    """

    def __init__(self, rewrites: Sequence[tuple[str, str]]) -> None:
        """Take regular expressions and what to put in place of what they match."""
        self._rewrites = [(re.compile(pattern), by) for pattern, by in rewrites]
        self.rewritten = 0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Run the statement as rewritten."""
        changed = sql
        for pattern, by in self._rewrites:
            changed = pattern.sub(by, changed)
        self.rewritten += changed != sql
        return execute(changed, params, many, context)
