"""A clock of the database that a schedule can step.

The engine asks the database for the time in a handful of words (``databases.py``), so time passes
where these words are read: in each statement, on its way to the database.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LATER: Final[dict[str, dict[str, str]]] = {
    "postgresql": {
        "statement_timestamp()": "(statement_timestamp() + interval '{} seconds')",
    },
    "sqlite": {"'now'": "'now', '+{} seconds'"},
    "mysql": {
        "UTC_TIMESTAMP(6)": "(UTC_TIMESTAMP(6) + INTERVAL {} SECOND)",
        "SYSDATE(6)": "(SYSDATE(6) + INTERVAL {} SECOND)",
    },
}


class Clock:
    """The database's clock, ahead of the real one.

    Attributes:
        seconds: by how much; it never goes back.
    """

    def __init__(self) -> None:
        self.seconds = 0

    def later(self, vendor: str, sql: str) -> str:
        """Return the statement as it reads this clock."""
        if self.seconds:
            for word, later in _LATER[vendor].items():
                sql = sql.replace(word, later.format(self.seconds))
        return sql

    @contextlib.contextmanager
    def read_by(self, connection: Any) -> Iterator[None]:
        """Let a connection of the calling thread read this clock."""

        def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
            return run(self.later(connection.vendor, sql), *rest)

        with connection.execute_wrapper(execute):
            yield
