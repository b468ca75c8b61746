"""What goes wrong between the desk and its database: refusals, lost connections, lost answers.

The errors are the driver's own. A fault strikes once, within one talk.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from django.db import DataError
from hypothesis import strategies as st

from engine.project.errors import CONNECTION_LOST, raise_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POISON: Final = "no database has this"
"""An end with this in it is refused, whoever writes it."""

BEFORE: Final = "before a statement"
BEFORE_COMMIT: Final = "before a commit"
AFTER_COMMIT: Final = "after a commit"


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """An error in place of, or behind, the ``number``-th statement or commit of a talk."""

    at: str
    number: int
    error: str = CONNECTION_LOST


_ERRORS: Final = st.sampled_from(
    [CONNECTION_LOST, "deadlock", "serialization", "lock-timeout", "disk-full"]
)
_COMMITS: Final = st.builds(
    Fault, st.sampled_from([BEFORE_COMMIT, AFTER_COMMIT, AFTER_COMMIT]), st.integers(1, 5)
)
FAULTS: Final = st.builds(Fault, st.just(BEFORE), st.integers(1, 24), _ERRORS) | _COMMITS


class Faults:
    """Stands between a connection and its driver while the desk talks.

    Attributes:
        struck: where the fault of this talk struck, or None.
        was_poisoned: whether an end was refused in this talk.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._armed: Fault | None = None
        self._is_talking = False
        self._statements = self._commits = 0
        self.struck: str | None = None
        self.was_poisoned = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Hear of every statement and every commit."""
        commit = self._connection.commit
        self._connection.commit = lambda: self._commit(commit)
        with self._connection.execute_wrapper(self._execute):
            yield
        del self._connection.commit

    @contextlib.contextmanager
    def during_talk(self, fault: Fault | None) -> Iterator[None]:
        """Let the fault strike what is said now."""
        self._armed, self.struck, self.was_poisoned = fault, None, False
        self._statements = self._commits = 0
        self._is_talking = True
        try:
            yield
        finally:
            self._is_talking = False

    def _execute(
        self, run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if self._is_talking:
            self._statements += 1
            self._strike(BEFORE, self._statements)
            if POISON in str(params):
                self.was_poisoned = True
                raise DataError("the database will not have this text")
        return run(sql, params, many, context)

    def _commit(self, commit: Callable[[], None]) -> None:
        if self._is_talking:
            self._commits += 1
            self._strike(BEFORE_COMMIT, self._commits)
        commit()
        if self._is_talking:
            self._strike(AFTER_COMMIT, self._commits)

    def _strike(self, at: str, number: int) -> None:
        fault = self._armed
        if fault is not None and (fault.at, fault.number) == (at, number):
            self._armed, self.struck = None, at
            raise_error(self._connection, fault.error)
