"""A session goes on when one of its runs cannot be carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaos.formats.describing import describe_cell, describe_session
from chaos.scenarios import SCENARIOS
from chaos.session import Job, Request, run_session
from engine.subjects import BackgroundTask

if TYPE_CHECKING:
    from pathlib import Path


class WithoutTables(BackgroundTask):
    """A subject whose settings Django refuses."""

    def settings(self) -> dict[str, Any]:
        """Name an app that there is not."""
        return {**super().settings(), "EXTRA_APPS": ["no_such_app"]}


@pytest.mark.processes
def test_a_run_that_cannot_be_carried_out_does_not_take_the_others_with_it(
    tmp_path: Path,
) -> None:
    """Each is a cell with the reason; the session is UNKNOWN and the harness's failure."""
    jobs = [
        Job(plan=SCENARIOS[name].plan(1), summary="s", command="nox")
        for name in ("poison", "zombie")
    ]
    request = Request(
        jobs=jobs,
        databases=["sqlite"],
        named=True,
        subject=WithoutTables(),
        provider=None,
        url=None,
        folder=tmp_path,
    )
    cells = [describe_cell(cell) for cell in run_session(request, lambda *_: None)]
    assert [(cell.scenario, cell.status) for cell in cells] == [
        ("poison", "failed"),
        ("zombie", "failed"),
    ]
    assert "No module named 'no_such_app'" in cells[0].reason
    assert "ClusterError" in (tmp_path / "poison-sqlite" / "logs" / "harness.log").read_text()
    assert describe_session(cells).exit_code == 255
