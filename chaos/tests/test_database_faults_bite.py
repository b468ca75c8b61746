"""Faults of databases find what they are for: whole runs of careless engines and servers."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from chaos.plan import Strike
from chaos.run import Run
from chaos.scenarios import SCENARIOS
from chaos.tests.test_database_faults import servers
from engine.databases import open_database
from engine.subjects import BackgroundTask
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaos.plan import Plan
    from engine.databases import Database
    from engine.subjects import Subject
    from reports.schema import Results

pytestmark = pytest.mark.processes


class Careless(BackgroundTask):
    """The engine without its transactions."""

    def settings(self) -> dict[str, Any]:
        """Install what takes them away."""
        return {**super().settings(), "EXTRA_APPS": ["chaos.tests.careless"]}


@pytest.fixture(params=servers())
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a server of the test's own: its settings are changed."""
    with open_database(request.param, tmp_path) as running:
        yield running


def make_forgetful(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commits of workers and producers acknowledged long before they are on the disk."""
    statements = [
        "SET GLOBAL innodb_flush_log_at_trx_commit = 0",
        "SET GLOBAL innodb_flush_log_at_timeout = 60",
    ]
    if server.name == "postgresql":
        options = {"options": "-c synchronous_commit=off"}
        settings = {**server.django_settings(), "OPTIONS": options}
        monkeypatch.setattr(server, "django_settings", lambda: settings)
        statements = ["ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()"]
    with contextlib.closing(server.connect()) as connection:
        for statement in statements:
            connection.cursor().execute(statement)


def run(plan: Plan, database: Database, subject: Subject, folder: Path) -> Results:
    """Carry the plan out."""
    stored = folder / "run"
    return Run(
        plan=plan, subject=subject, database=database, folder=stored, on_phase=lambda _: None
    ).execute()


def found(results: Results) -> set[str]:
    """Return the names of the anomalies."""
    return {check.name for check in results.checks if check.verdict is Verdict.INVALID}


def test_commits_that_are_not_durable_are_lost_with_the_server(
    server: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledged and gone: the verdict is INVALID, and says lost."""
    make_forgetful(server, monkeypatch)
    whole = SCENARIOS["database_sigkill"].plan(1)
    # One is enough, and the task whose start triggers another may be among the lost.
    plan = dataclasses.replace(whole, strikes=whole.strikes[:1], exercises=())
    results = run(plan, server, BackgroundTask(), tmp_path)

    assert results.verdict is Verdict.INVALID
    assert "lost" in found(results)


def test_ends_that_are_no_transaction_are_caught_by_errors_between_their_statements(
    server: Database, tmp_path: Path
) -> None:
    """A connection that breaks between two statements of an end leaves half of it behind."""
    whole = SCENARIOS["statement_errors"].plan(1)
    error = {"statement": "finish", "at": "after-commit", "error": "connection-lost"}
    strikes = [
        Strike(fault="statement-error", at_seconds=at, for_seconds=1.0, options=error)
        for at in (1.0, 2.0, 3.0)
    ]

    plan = dataclasses.replace(whole, strikes=tuple(strikes), exercises=())
    results = run(plan, server, Careless(), tmp_path)

    assert results.verdict is Verdict.INVALID
    assert found(results) & {"double-finish", "conservation", "stuck", "illegal-transition"}
