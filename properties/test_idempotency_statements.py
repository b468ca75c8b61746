"""Which statements are points to die at, and which end a transaction for good."""

from __future__ import annotations

import pytest

from properties.idempotency.statements import cannot_be_undone, is_effect


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", False),
        ("/* trace */ (SELECT 1) UNION (SELECT 2)", False),
        ("-- who\nINSERT INTO t VALUES (1)", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("with a as (select 1) update t set b = 2", True),
        ("SAVEPOINT s", False),
        ("CALL charge()", True),
    ],
)
def test_statements_that_may_change_rows_are_effects(sql: str, expected: bool) -> None:
    """What only reads is no point to die at; what is unknown is."""
    assert is_effect(sql) is expected


def test_statements_that_end_the_transaction_are_known() -> None:
    """Definitions end it where the database cannot roll them back."""
    assert cannot_be_undone("commit", undoes_definitions=True)
    assert cannot_be_undone("ROLLBACK", undoes_definitions=True)
    assert not cannot_be_undone("ROLLBACK TO SAVEPOINT s", undoes_definitions=False)
    assert cannot_be_undone("CREATE TABLE t (a int)", undoes_definitions=False)
    assert not cannot_be_undone("CREATE TABLE t (a int)", undoes_definitions=True)
