"""Whose CPU time is whose: trees, deaths, and numbers that are used again."""

from __future__ import annotations

import pytest

from loadtests.probes.roles import Account, Look, Process, owners

HARNESS, WORKER, CHILD, STRANGER = 10, 20, 21, 30
ROOTS = {"harness": [HARNESS], "worker": [WORKER]}


def look(*processes: Process) -> Look:
    """Make a look of processes."""
    return {process.pid: process for process in processes}


def process(
    pid: int, parent: int, own: float = 0.0, *, waited: float = 0.0, born: int = 1
) -> Process:
    """Make a process."""
    return Process(pid=pid, parent=parent, born=born, own=own, waited=waited)


def test_a_process_has_the_role_of_its_nearest_root() -> None:
    """A worker is the harness's child, and its time is the worker's all the same."""
    found = owners(
        look(
            process(HARNESS, 1),
            process(WORKER, HARNESS),
            process(CHILD, WORKER),
            process(STRANGER, 1),
        ),
        ROOTS,
    )

    assert found == {HARNESS: "harness", WORKER: "worker", CHILD: "worker"}


def test_numbers_that_form_a_ring_have_no_role() -> None:
    """A look is not one moment; it must end all the same."""
    assert owners(look(process(5, 6), process(6, 5)), ROOTS) == {}


def test_only_the_time_since_the_first_look_counts() -> None:
    """What a process had used before is not the step's."""
    account = Account()

    first = account.look(look(process(WORKER, HARNESS, 100.0)), ROOTS)
    second = account.look(look(process(WORKER, HARNESS, 100.5)), ROOTS)

    assert first["worker"] == 0.0
    assert second == {"harness": 0.0, "worker": pytest.approx(0.5)}


def test_the_last_moments_of_a_dead_child_come_from_its_parent() -> None:
    """Seen at 0.3 s, dead at 0.5 s: its parent waited for 0.5 s, so 0.2 s are missing."""
    account = Account()
    account.look(look(process(WORKER, HARNESS)), ROOTS)
    account.look(look(process(WORKER, HARNESS), process(CHILD, WORKER, 0.3)), ROOTS)

    last = account.look(look(process(WORKER, HARNESS, waited=0.5)), ROOTS)

    assert last["worker"] == pytest.approx(0.5)


def test_a_child_that_no_look_saw_is_counted() -> None:
    """Born and dead between two looks."""
    account = Account()
    account.look(look(process(WORKER, HARNESS)), ROOTS)

    last = account.look(look(process(WORKER, HARNESS, waited=0.1)), ROOTS)

    assert last["worker"] == pytest.approx(0.1)


def test_a_child_that_nobody_waited_for_keeps_what_was_seen() -> None:
    """Its parent ignores the deaths of children: the last look is all that is known."""
    account = Account()
    account.look(look(process(WORKER, HARNESS)), ROOTS)
    account.look(look(process(WORKER, HARNESS), process(CHILD, WORKER, 0.3)), ROOTS)

    last = account.look(look(process(WORKER, HARNESS)), ROOTS)

    assert last["worker"] == pytest.approx(0.3)


def test_a_dead_worker_is_not_charged_to_the_harness_that_waited_for_it() -> None:
    """The harness's account of dead children grows by the worker and by the worker's child."""
    account = Account()
    harness = process(HARNESS, 1)
    account.look(look(harness, process(WORKER, HARNESS)), ROOTS)
    worker, child = process(WORKER, HARNESS, 0.2), process(CHILD, WORKER, 0.4)
    account.look(look(harness, worker, child), ROOTS)

    last = account.look(look(process(HARNESS, 1, waited=0.9)), ROOTS)

    assert last["harness"] == 0.0
    assert last["worker"] == pytest.approx(0.9)


def test_a_number_that_is_used_again_is_another_process() -> None:
    """Its account begins at its birth."""
    account = Account()
    account.look(look(process(WORKER, HARNESS, 50.0)), ROOTS)

    last = account.look(look(process(WORKER, HARNESS, 0.25, born=2)), ROOTS)

    assert last["worker"] == pytest.approx(0.25)


def test_a_process_that_becomes_a_root_later_is_charged_from_then_on() -> None:
    """Workers are started again within a step, and found at the next look."""
    account = Account()
    account.look(look(process(STRANGER, 1, 7.0)), {})

    last = account.look(look(process(STRANGER, 1, 7.5)), {"broker": [STRANGER]})

    assert last == {"broker": pytest.approx(0.5)}
