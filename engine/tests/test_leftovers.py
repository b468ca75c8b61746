"""Temporary folders end with the block, and a killed harness's end with the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from engine.databases.leftovers import temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "killproof-leftovers-"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have temporary folders made in the test's own folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def dead_pid() -> int:
    """Return the pid of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_the_folder_bears_the_pid_and_is_gone_after_the_block() -> None:
    """So that another harness can tell whose it is."""
    with temporary_folder(PREFIX) as folder:
        (folder / "data").write_text("something")
        assert folder.name.startswith(f"{PREFIX}{os.getpid()}-")

    assert not folder.exists()


def test_the_folder_goes_however_the_block_ends() -> None:
    """Ctrl-C is no reason to leave it."""
    with pytest.raises(KeyboardInterrupt), temporary_folder(PREFIX) as folder:
        raise KeyboardInterrupt

    assert not folder.exists()


def test_what_a_killed_process_left_is_removed(elsewhere: Path, dead_pid: int) -> None:
    """Nobody else is going to."""
    orphan = elsewhere / f"{PREFIX}{dead_pid}-abc"
    (orphan / "postgresql").mkdir(parents=True)

    with temporary_folder(PREFIX):
        assert not orphan.exists()


def test_what_others_own_stays(elsewhere: Path, dead_pid: int) -> None:
    """A living process's folder, one of another prefix, and one without a pid are not ours."""
    kept = [
        elsewhere / f"{PREFIX}{os.getppid()}-abc",
        elsewhere / f"killproof-other-{dead_pid}-abc",
        elsewhere / f"{PREFIX}notes",
        elsewhere / f"{PREFIX}{dead_pid}x-abc",
    ]
    for folder in kept:
        folder.mkdir()

    with temporary_folder(PREFIX):
        pass

    assert [folder for folder in kept if not folder.exists()] == []


def test_two_folders_of_one_process_stand_side_by_side() -> None:
    """The second one takes nothing from the first."""
    with temporary_folder(PREFIX) as first, temporary_folder(PREFIX) as second:
        assert first != second
        assert first.is_dir()
