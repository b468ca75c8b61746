"""What a statement of SQL means to a delivery, by its text alone."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 72

_HARMLESS: Final = frozenset(
    {
        *("CLOSE", "DECLARE", "EXPLAIN", "FETCH", "PRAGMA", "RELEASE"),
        *("ROLLBACK", "SAVEPOINT", "SELECT", "SET", "SHOW", "VALUES"),
    }
)
_ENDS_TRANSACTIONS: Final = frozenset({"BEGIN", "COMMIT", "END", "START"})
_DEFINITIONS: Final = frozenset({"ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE"})
_WRITES: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_COMMENT: Final = re.compile(r"^(\s*(/\*.*?\*/|--[^\n]*\n))+", re.DOTALL)


def is_effect(sql: str) -> bool:
    """Whether it may change rows; what only reads is no point at which a death matters."""
    verb = _verb(sql)
    if verb == "WITH":
        return _WRITES.search(sql) is not None
    return verb not in _HARMLESS


def cannot_be_undone(sql: str, *, undoes_definitions: bool) -> bool:
    """Whether it would end the transaction around the trial, which puts everything back."""
    verb = _verb(sql)
    if verb == "ROLLBACK":
        return not re.match(r"\W*ROLLBACK\s+(WORK\s+|TRANSACTION\s+)?TO\b", sql, re.IGNORECASE)
    return verb in _ENDS_TRANSACTIONS or (verb in _DEFINITIONS and not undoes_definitions)


def words(sql: str) -> str:
    """Return it on one line, made short."""
    line = " ".join(_COMMENT.sub("", sql).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 4].rstrip() + " ..."


def _verb(sql: str) -> str:
    found = re.match(r"[\s(]*([A-Za-z]+)", _COMMENT.sub("", sql))
    return found[1].upper() if found else ""
