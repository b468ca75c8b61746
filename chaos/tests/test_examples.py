"""The examples of docs/chaos.md come out as that page says, on SQLite, with real workers."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from engine.provenance import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = REPOSITORY / "docs" / "examples"


def chaos(folder: Path, *arguments: str, path: Path | None = None) -> tuple[int, dict[str, Any]]:
    """Run chaos as a process, as nox does; return the exit code and the JSON."""
    paths = [str(path)] if path else []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*paths, str(REPOSITORY), str(REPOSITORY / "engine")]),
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-m", "chaos", *arguments, "--json", "--out", str(folder / "runs")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.processes
def test_a_project_of_one_s_own_is_put_to_the_test_and_replayed(tmp_path: Path) -> None:
    """The bakery's tasks run under its settings, are killed, and come out VALID, twice."""
    place = ("--project", str(EXAMPLES / "bakery"), "--settings", "bakery.settings")
    code, session = chaos(tmp_path, "run", *place, "--database", "sqlite", "--seed", "7")
    (cell,) = session["cells"]
    assert (code, cell["scenario"], cell["verdict"]) == (0, "oven_fails", "VALID"), cell
    assert cell["counts"]["ok"] == 40
    assert cell["counts"]["kills_in_body"] == 8

    code, again = chaos(tmp_path, "replay", cell["folder"])
    assert code == 0, again
    (agreement,) = again["agreements"]
    assert (agreement["verdict"], agreement["same_verdict"], agreement["times"]) == ("VALID", 1, 1)


@pytest.mark.processes
def test_a_queue_of_one_s_own_is_put_to_the_test(tmp_path: Path) -> None:
    """The small queue has nobody who takes back what a dead worker held, and is told so."""
    code, session = chaos(
        tmp_path,
        *("run", "--subject", "tiny_subject:TinyQueue", "--scenario", "poison"),
        *("--database", "sqlite", "--seed", "3"),
        path=EXAMPLES / "own_queue",
    )
    (cell,) = session["cells"]
    assert (code, cell["verdict"]) == (1, "INVALID")
    assert cell["anomalies"]["stuck"] >= 3
    assert [check["name"] for check in cell["checks"] if check["verdict"] == "INVALID"] == ["stuck"]


def test_in_production_a_body_that_tells_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that people copy does nothing without the harness, and needs nothing of it."""
    monkeypatch.delenv("KILLPROOF_HISTORY", raising=False)
    spec = importlib.util.spec_from_file_location("body", EXAMPLES / "bakery" / "killproof_body.py")
    assert spec is not None
    assert spec.loader is not None
    body = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(body)
    with body.observed("loaf-1", "rye") as returned:
        returned["result"] = "bread"
        body.effect("loaf-1")
    with pytest.raises(ValueError, match="burnt"), body.observed("loaf-2"):
        raise ValueError("burnt")
