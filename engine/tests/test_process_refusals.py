"""``process_tasks`` that cannot start says why in one sentence."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from engine.tests import outages
from engine.tests.gates import (
    Gates,
    note,
)
from engine.tests.workers import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from background_task.databases import QueueDatabase
    from engine.tests.workers import Workers

pytestmark = pytest.mark.processes


# Refusals.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--workers", "0"], "argument --workers: '0' is not a whole number above zero"),
        (["--workers", "x"], "argument --workers: 'x' is not a whole number above zero"),
        (["--sleep", "-1"], "argument --sleep: '-1' is not a number of seconds"),
        (["--timeout", "0"], "argument --timeout: '0' is not a number of seconds above zero"),
        (["--duration", "nan"], "argument --duration: 'nan' is not a number of seconds"),
        (["--max-attempts", "1.5"], "argument --max-attempts: '1.5' is not a whole number above"),
        (["--queue", ""], "argument --queue: '' is no name of a queue"),
        (["--queue", "\udc80"], r"argument --queue: '\udc80' is no name of a queue"),
        (["--wrokers", "2"], "unrecognized arguments: --wrokers 2"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    database: QueueDatabase, arguments: list[str], sentence: str
) -> None:
    """One sentence after the usage, and exit code 2."""
    code, errors = refusal(*arguments)

    assert code == 2
    assert errors.splitlines()[-1].startswith(f"manage.py process_tasks: error: {sentence}")
    assert "Traceback" not in errors


def test_settings_that_make_no_sense_are_refused(database: QueueDatabase) -> None:
    """The sentence names the key."""
    code, errors = refusal(LEASE_SECONDS=0)

    assert code in {1, 2}
    assert "BACKGROUND_TASK['LEASE_SECONDS'] is 0; it must be a number of seconds" in errors
    assert "Traceback" not in errors


def test_a_database_that_is_down_is_told_in_one_sentence(
    database: QueueDatabase, tmp_path: Path
) -> None:
    """The worker does not start, and says which database it wanted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]
    code, errors = refusal(database=outages.nowhere(tmp_path, free_port))

    assert code == 1
    (line,) = errors.splitlines()
    assert line.startswith(
        "CommandError: cannot reach the database 'default', so no task can run: "
    )


def test_missing_tables_are_told_in_one_sentence(database: QueueDatabase, tmp_path: Path) -> None:
    """The sentence names the command that creates them."""
    code, errors = refusal(database=outages.without_tables(tmp_path))

    assert code == 1
    (line,) = errors.splitlines()
    assert line.startswith("CommandError: the queue's tables are not in the database 'default'; ")
    assert "`manage.py migrate background_task` first" in line


@pytest.mark.parametrize("name", ["missing/worker.pid", "."])
def test_a_pidfile_that_cannot_be_written_is_told_in_one_sentence(
    database: QueueDatabase, tmp_path: Path, name: str
) -> None:
    """The sentence names the file and the reason."""
    code, errors = refusal("--pidfile", str(tmp_path / name))

    assert code == 1
    (line,) = errors.splitlines()
    assert line.startswith(f"CommandError: cannot write --pidfile {tmp_path / name}: ")


def test_a_pidfile_keeps_a_second_worker_out(
    workers: Workers, gates: Gates, tmp_path: Path
) -> None:
    """It takes over a stale one, refuses while it lives, and removes it at the end."""
    path = tmp_path / "worker.pid"
    path.write_text("1\n")
    first = workers.start("--pidfile", str(path))
    note(gates.folder, "a")
    gates.wait_for_run("a")
    code, errors = refusal("--pidfile", str(path))

    assert code == 1
    assert errors == (
        f"CommandError: process_tasks already runs with pid {first.pid}, which holds {path}: "
        "stop it first, or name another --pidfile\n"
    )
    assert path.read_text() == f"{first.pid}\n"
    assert first.stop() == 0
    assert not path.exists()
