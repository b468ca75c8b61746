"""The pidfile: held by the living, taken over from the dead, gone at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from background_task import PidfileInUseError
from background_task.worker.pidfile import pidfile
from engine.tests.workers import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

# Another process, as a process's own lock is never in its way.
HOLDER = """
import sys, pathlib
from background_task.worker.pidfile import pidfile
with pidfile(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=REPOSITORY / "engine",
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "engine")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_the_file_holds_the_process_id_and_goes_with_the_block(tmp_path: Path) -> None:
    """Others can read whom to signal, as long as there is somebody."""
    path = tmp_path / "worker.pid"

    with pidfile(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_the_file_goes_when_the_block_fails(tmp_path: Path) -> None:
    """An error leaves nothing behind either."""
    path = tmp_path / "worker.pid"

    with pytest.raises(ZeroDivisionError), pidfile(path):
        raise ZeroDivisionError
    assert not path.exists()


def test_without_a_path_there_is_no_file(tmp_path: Path) -> None:
    """Nobody has to have one."""
    with pidfile(None):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", ["", "1\n", "999999999999999999999999", "no number"])
def test_a_stale_file_is_taken_over(tmp_path: Path, left: str) -> None:
    """What a dead process left is no obstacle, whatever it says, even the pid of a living one."""
    path = tmp_path / "worker.pid"
    path.write_text(left)

    with pidfile(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_a_held_file_is_refused(tmp_path: Path) -> None:
    """The error names the holder and the file, which stays as it is."""
    path = tmp_path / "worker.pid"
    with _holder(path) as holder:
        with pytest.raises(PidfileInUseError) as caught, pidfile(path):
            pass
        assert path.read_text() == f"{holder.pid}\n"
        holder.communicate("")

    assert str(caught.value) == (
        f"process_tasks already runs with pid {holder.pid}, which holds {path}: "
        "stop it first, or name another --pidfile"
    )
    assert not path.exists()


def test_the_file_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    """The kernel drops the lock with its holder, so nobody has to clean up."""
    path = tmp_path / "worker.pid"
    with _holder(path) as holder:
        holder.kill()
        holder.wait()
    assert path.read_text() == f"{holder.pid}\n"

    with pidfile(path):
        assert path.read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("name", [".", "missing/worker.pid"])
def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path, name: str) -> None:
    """The error names the file."""
    with pytest.raises(OSError) as caught, pidfile(tmp_path / name):  # noqa: PT011
        pass
    assert caught.value.filename == str(tmp_path / name)


def test_a_file_that_lost_its_name_is_not_taken_for_the_pidfile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last holder removes it just when the next one has opened it: that one opens anew."""
    path = tmp_path / "tasks.pid"
    really_open, opened = os.open, list[int]()

    def open_as_it_is_removed(*args: Any, **kwargs: Any) -> int:
        opened.append(really_open(*args, **kwargs))
        if len(opened) == 1:
            path.unlink()
        return opened[-1]

    monkeypatch.setattr(os, "open", open_as_it_is_removed)
    with pidfile(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert len(opened) == 2
