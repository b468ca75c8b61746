"""The databases of these suites do not wait for the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from properties.interleaving import Bounded, Schedule

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from properties.interleaving import Sessions

ASKED: Final = {
    "postgresql": ("SHOW synchronous_commit", "off"),
    "mysql": ("SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS CHAR)", "2"),
}


def test_a_sessions_commits_do_not_wait(database: QueueDatabase, sessions: Sessions) -> None:
    """Of a connection that a session opened for itself."""
    if database.connection.vendor not in ASKED:
        pytest.skip("SQLite is left as it is")
    question, answer = ASKED[database.connection.vendor]

    def ask() -> object:
        with database.connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0]

    played = sessions.play({"asker": ask}, Schedule(policy=Bounded(order=(0,))))
    assert played.values == [answer]
