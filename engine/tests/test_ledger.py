"""What the bodies and producers of a load run write of each task, and what is read of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.project.ledger import LEDGER, RECORD, Kind, Ledger, ledger, read_ledger
from engine.project.load import PlannedError, work

if TYPE_CHECKING:
    from pathlib import Path

FORKS = """
import os
from engine.project.ledger import Kind, ledger
ledger().write(Kind.SENT, 1, 0)
child = os.fork()
ledger().write(Kind.SENT, 2 if child else 3, 0)
if not child:
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a ledger in this process, and return its folder."""
    monkeypatch.setenv(LEDGER, str(tmp_path))
    return tmp_path


def kinds(folder: Path) -> list[int]:
    """Return the kinds of all records, in the order of time."""
    return [record.kind for record in read_ledger(folder)]


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Each has 32 bytes, with the pid of its writer and the time that the writer was told."""
    now = Ledger(tmp_path).write(Kind.ACKNOWLEDGED, 2**63, 5)

    (record,) = read_ledger(tmp_path)

    assert record == (Kind.ACKNOWLEDGED, os.getpid(), 2**63, 5, now)
    assert (tmp_path / f"{os.getpid()}.ledger").stat().st_size == RECORD.size == 32


def test_records_of_several_processes_are_in_the_order_of_time(tmp_path: Path) -> None:
    """The order of the files does not matter."""
    late = RECORD.pack(Kind.ENDED, 1, 1, 0, 30)
    early = RECORD.pack(Kind.STARTED, 2, 1, 0, 20)
    (tmp_path / "1.ledger").write_bytes(late)
    (tmp_path / "2.ledger").write_bytes(early)

    assert [record.time_ns for record in read_ledger(tmp_path)] == [20, 30]


@pytest.mark.parametrize("length", [1, 31, 33, 63])
def test_half_a_record_at_the_end_is_dropped(tmp_path: Path, length: int) -> None:
    """A process that was killed in the middle of a write spoils none of its other records."""
    whole = RECORD.pack(Kind.SENT, 7, 1, 0, 1) * 2
    (tmp_path / "7.ledger").write_bytes(whole[:length])

    assert len(read_ledger(tmp_path)) == length // RECORD.size


def test_a_folder_without_a_ledger_holds_no_record(tmp_path: Path) -> None:
    """A step in which nothing was sent leaves none."""
    (tmp_path / "notes.txt").write_text("not a ledger")

    assert read_ledger(tmp_path) == []


def test_a_forked_process_writes_under_its_own_pid(book: Path) -> None:
    """What a prefork worker's children write is not taken for their parent's."""
    subprocess.run([sys.executable, "-c", FORKS], check=True)

    pids = {record.key: record.pid for record in read_ledger(book)}

    assert pids[1] == pids[2] != pids[3]
    assert len(list(book.glob("*.ledger"))) == 2


def test_no_ledger_is_kept_unless_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's tasks run without a harness, too."""
    monkeypatch.delenv(LEDGER, raising=False)

    assert ledger() is None
    work(1, 0, 0.0, is_cpu=False, fails_first=True)


@pytest.mark.parametrize("is_cpu", [False, True])
def test_a_body_records_its_start_and_its_end(book: Path, is_cpu: bool) -> None:
    """Whether it waits or computes, it takes the time that it was given."""
    work(4, 3, 5.0, is_cpu=is_cpu, fails_first=False)

    start, end = read_ledger(book)

    assert ((start.kind, start.key), (end.kind, end.key)) == ((Kind.STARTED, 4), (Kind.ENDED, 4))
    assert end.time_ns - start.time_ns >= 5_000_000


def test_a_task_that_is_to_fail_fails_once_and_never_ends_that_time(book: Path) -> None:
    """Its second attempt ends; another task's first attempt fails all the same."""
    with pytest.raises(PlannedError, match="task 4 fails once, as planned"):
        work(4, 0, 0.0, is_cpu=False, fails_first=True)
    work(4, 0, 0.0, is_cpu=False, fails_first=True)
    with pytest.raises(PlannedError):
        work(5, 0, 0.0, is_cpu=False, fails_first=True)

    first, second = [Kind.STARTED, Kind.RAISED], [Kind.STARTED, Kind.ENDED]
    assert kinds(book) == [*first, *second, *first]


def test_a_folder_that_went_away_is_an_error_and_no_silence(tmp_path: Path) -> None:
    """A body whose records cannot be kept must not look as if it had not run."""
    with pytest.raises(FileNotFoundError):
        Ledger(tmp_path / "gone")
