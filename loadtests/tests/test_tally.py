"""What a ledger says of a step's tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.project.ledger import RECORD, Kind
from loadtests.roll_call import FIRST_KEY
from loadtests.tally import Window, count_outstanding, tally

if TYPE_CHECKING:
    from pathlib import Path

Line = tuple[Kind, int, int, int]


def write(folder: Path, name: str, lines: list[Line], tail: bytes = b"") -> None:
    """Write one process's ledger; ``tail`` is what a killed process left of a record."""
    records = [RECORD.pack(kind, 7, key, intended, time) for kind, key, intended, time in lines]
    (folder / f"{name}.ledger").write_bytes(b"".join(records) + tail)


def test_a_task_counts_once_however_often_its_body_ended(tmp_path: Path) -> None:
    """A body that ended twice is one task that ended, and one duplicate."""
    write(
        tmp_path, "1", [(Kind.ENDED, 1, 10, 30), (Kind.ENDED, 1, 10, 20), (Kind.ENDED, 2, 11, 40)]
    )

    found = tally(tmp_path)

    assert (len(found.ended.keys), found.ends, found.duplicated) == (2, 3, 1)
    assert found.ended.times.tolist() == [20, 40]


def test_what_was_acknowledged_and_never_ended_is_unfinished(tmp_path: Path) -> None:
    """Records of several processes are one ledger."""
    write(tmp_path, "1", [(Kind.ACKNOWLEDGED, key, 0, key) for key in (1, 2, 3)])
    write(tmp_path, "2", [(Kind.ENDED, 2, 0, 9)])

    assert tally(tmp_path).unfinished().keys.tolist() == [1, 3]
    assert count_outstanding(tmp_path) == 2


def test_half_a_record_of_a_killed_process_is_dropped(tmp_path: Path) -> None:
    """A process that dies in the middle of a write spoils no other record."""
    write(tmp_path, "1", [(Kind.SENT, 1, 0, 5)], tail=b"half a record")

    assert tally(tmp_path).sent.keys.tolist() == [1]


def test_what_proved_that_the_workers_were_ready_is_no_load(tmp_path: Path) -> None:
    """Tasks of a roll call are left out."""
    write(tmp_path, "1", [(Kind.ENDED, FIRST_KEY + 1, 0, 5), (Kind.ENDED, 1, 0, 5)])

    assert tally(tmp_path).ended.keys.tolist() == [1]


def test_an_empty_ledger_is_a_step_in_which_nothing_happened(tmp_path: Path) -> None:
    """No file is no error: a load of rate 0 writes none."""
    found = tally(tmp_path)

    assert not len(found.sent.keys)
    assert not len(found.unfinished().keys)


@pytest.mark.parametrize(
    ("begin", "end", "inside"), [(0, 10, 1), (10, 20, 1), (11, 30, 1), (0, 9, 0)]
)
def test_a_window_holds_its_begin_and_not_its_end(
    tmp_path: Path, begin: int, end: int, inside: int
) -> None:
    """Windows that touch share no task and lose none."""
    write(tmp_path, "1", [(Kind.ENDED, 1, 0, 9), (Kind.ENDED, 2, 0, 10), (Kind.ENDED, 3, 0, 20)])
    window = Window(begin_ns=begin, end_ns=end)

    assert tally(tmp_path).ended.within(window) == inside


def test_delays_are_from_the_intended_time_or_from_the_send(tmp_path: Path) -> None:
    """The send lag counts as the queue's time only where it is asked for."""
    write(tmp_path, "1", [(Kind.SENT, 1, 100, 130), (Kind.ACKNOWLEDGED, 1, 100, 150)])

    found = tally(tmp_path)

    assert found.acknowledged.delays().tolist() == [50]
    assert found.acknowledged.delays(since=found.sent).tolist() == [20]
