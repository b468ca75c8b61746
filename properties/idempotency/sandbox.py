"""A connection whose transactions are savepoints of one transaction, which is rolled back.

To Django and to the task the connection is in autocommit, as in a worker: ``on_commit`` callbacks
run, ``durable=True`` is fine, ``select_for_update`` outside of a transaction raises, a statement
that fails takes nothing with it. To the database all of it is one transaction that never ends, so
that to go back to the start is one statement, within a test's own transaction too.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from django.db import DEFAULT_DB_ALIAS, transaction

from properties.idempotency import lives, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

RUN: Final = "idempotency_run"
TRANSACTION: Final = "idempotency_transaction"
STATEMENT: Final = "idempotency_statement"
SPOILED_BY_ERRORS: Final = frozenset({"postgresql"})
"""Where a statement that fails takes its whole transaction with it; elsewhere only itself."""


def _worker_state() -> dict[str, Any]:
    """Return what Django knows of the transaction of a connection in autocommit."""
    return {
        "autocommit": True,
        "in_atomic_block": False,
        "commit_on_exit": True,
        "needs_rollback": False,
        "rollback_exc": None,
        "savepoint_ids": [],
        "atomic_blocks": [],
        "run_on_commit": [],
        "run_commit_hooks_on_set_autocommit_on": False,
        "closed_in_transaction": False,
    }


class Sandbox:
    """One connection of the trial.

    Attributes:
        written: the statements that changed rows, whoever ran them.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.written: set[str] = set()
        self._is_open = False
        self._has_written = False
        self._is_aside = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Hold the transaction that is around everything, and roll it back."""
        connection = self.connection
        with transaction.atomic(using=connection.alias):
            before = {name: getattr(connection, name) for name in _worker_state()}
            try:
                with self._own_methods(), connection.execute_wrapper(self._execute):
                    vars(connection).update(_worker_state())
                    yield
            finally:
                vars(connection).update(before)
                connection.set_rollback(True)

    def _own_methods(self) -> contextlib.AbstractContextManager[object]:
        return mock.patch.multiple(
            self.connection,
            create=True,
            _set_autocommit=self._set_autocommit,
            _start_transaction_under_autocommit=self._begin,
            _commit=self._commit,
            _rollback=self._roll_back,
            close=self._close,
        )

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """Go back to the start afterwards."""
        self._say(self.connection.ops.savepoint_create_sql(RUN))
        try:
            yield
        finally:
            self.settle()
            self._undo(RUN)

    def settle(self) -> None:
        """End the connection of a delivery, as its process is gone: roll back what is open."""
        if self._is_open:
            self._end_by_undoing()
        vars(self.connection).update(_worker_state())

    def _execute(self, execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        text = str(sql)
        life = lives.current()
        if self._is_aside:
            return execute(sql, *rest)
        if not statements.is_effect(text):
            return self._statement(life, execute, sql, *rest)
        self.written.add(text)
        if life is None:
            return execute(sql, *rest)
        with life.effect(statements.words(text)):
            return self._statement(life, execute, sql, *rest)

    def _statement(
        self, life: lives.Life | None, execute: Callable[..., Any], sql: Any, *rest: Any
    ) -> Any:
        if life is None:
            return execute(sql, *rest)
        life.breathe()
        self._refuse_what_stays(life, str(sql))
        if not self.connection.autocommit:
            if not self._is_open:
                self._begin()
            self._has_written |= statements.is_effect(str(sql))
            return execute(sql, *rest)
        return self._alone(execute, sql, *rest)

    def _alone(self, execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        """Run it as a transaction of its own, which is what autocommit means."""
        if self.connection.vendor not in SPOILED_BY_ERRORS:
            return execute(sql, *rest)
        ops = self.connection.ops
        self._say(ops.savepoint_create_sql(STATEMENT))
        try:
            result = execute(sql, *rest)
        except Exception:
            self._undo(STATEMENT)
            raise
        self._say(ops.savepoint_commit_sql(STATEMENT))
        return result

    def _refuse_what_stays(self, life: lives.Life, sql: str) -> None:
        undoes = self.connection.features.can_rollback_ddl
        if statements.cannot_be_undone(sql, undoes_definitions=undoes):
            life.refuse(statements.words(sql))

    def _set_autocommit(self, autocommit: bool) -> None:
        if not autocommit:
            self._begin()
        elif self._is_open and not _is_dead():
            self._commit()

    def _begin(self) -> None:
        _breathe()
        self._say(self.connection.ops.savepoint_create_sql(TRANSACTION))
        self._is_open, self._has_written = True, False

    def _commit(self) -> None:
        life = lives.current()
        _breathe()
        if life is None or not self._has_written:
            return self._end_by_keeping()
        life.has_hooks |= bool(self.connection.run_on_commit)
        alias = self.connection.alias
        with life.effect("COMMIT" if alias == DEFAULT_DB_ALIAS else f"COMMIT on {alias}"):
            self._end_by_keeping()
            life.is_committed = True
        return None

    def _end_by_keeping(self) -> None:
        if self._is_open:
            if self._has_written:
                self.check_constraints()
            self._say(self.connection.ops.savepoint_commit_sql(TRANSACTION))
            self._is_open = False

    def _roll_back(self) -> None:
        if self._is_open and not _is_dead():
            self._end_by_undoing()

    def _end_by_undoing(self) -> None:
        self._undo(TRANSACTION)
        self._is_open = False

    def _close(self) -> None:
        """Stay open: a connection that is closed takes the trial's transaction with it."""

    def check_constraints(self) -> None:
        """Have the database check now what it would check at a commit.

        Raises:
            IntegrityError: a row names another that is not there.
        """
        if self.connection.features.can_defer_constraint_checks:
            self._is_aside = True
            try:
                self.connection.check_constraints()
            finally:
                self._is_aside = False

    def _undo(self, savepoint: str) -> None:
        self._say(self.connection.ops.savepoint_rollback_sql(savepoint))
        self._say(self.connection.ops.savepoint_commit_sql(savepoint))

    def _say(self, sql: str) -> None:
        """Tell the database without Django's taking note."""
        driver: Any = self.connection.connection
        with self.connection.wrap_database_errors, contextlib.closing(driver.cursor()) as cursor:
            cursor.execute(sql)


def _is_dead() -> bool:
    life = lives.current()
    return life is not None and bool(life.death or life.refusal)


def _breathe() -> None:
    life = lives.current()
    if life is not None:
        life.breathe()
