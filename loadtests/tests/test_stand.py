"""The stand: it says in one line how to send load, stands until told to end, and leaves nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from engine.contenders import contender_named
from engine.contenders.tests.sites import produce
from engine.databases.tests.traces import alive_at_last
from engine.project.ledger import LEDGER, Kind, read_ledger
from engine.project.lifeline import PARENT
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

MAIN = "import sys; from loadtests.stand import main; sys.exit(main(sys.argv[1:]))"


@contextlib.contextmanager
def stand(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Give a stand of one's own process, which is killed at the end if it still runs."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        env={name: value for name, value in environment.items() if name != PARENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Read the line that says what stands."""
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


def test_what_it_says_is_enough_to_send_a_task() -> None:
    """The environment, the producer's module and the Python; its workers do the rest."""
    with stand("--workers", "2") as process:
        standing = said(process)
        contender = contender_named("background_task")
        environment = {**standing["environment"], PARENT: str(os.getpid())}
        produce(contender, environment, [{"key": 7}])
        ledger = Path(standing["environment"][LEDGER])
        wait_until(lambda: [r for r in read_ledger(ledger) if r.kind == Kind.ENDED])

        assert standing["producer"] == contender.producer
        assert standing["python"] == sys.executable
        assert {record.key for record in read_ledger(ledger)} == {7}
        assert process.communicate() == ("", "")
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None])
def test_it_leaves_nothing_behind(number: signal.Signals | None) -> None:
    """However it is told to end: no process and no folder, and it was no failure."""
    with stand("--database", "sqlite") as process:
        folder = Path(said(process)["environment"][LEDGER]).parents[2]
        there = folder.exists()
        tree = psutil.Process(process.pid).children(recursive=True)
        if number is None:
            assert process.stdin is not None
            process.stdin.close()
        else:
            process.send_signal(number)

        assert process.wait() == 0
        assert there
        assert tree
        assert alive_at_last(tree) == []
        assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--contender", "sidekiq"], "there is no contender 'sidekiq'; choose one of"),
        (["--contender", "no.module:X"], "the contender no.module:X cannot be loaded"),
        (["--database", "oracle"], "invalid choice: 'oracle'"),
        (["--workers", "0"], "'0' is not a whole number above zero"),
        (["--database-url", "oracle://x"], "'oracle' is not a database we know"),
        (["--database-url", "sqlite:////srv/shop.db"], "not named as a test's"),
        (["--database", "sqlite", "--provider", "container"], "sqlite cannot be had"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(arguments: list[str], sentence: str) -> None:
    """And with the exit code for wrong usage."""
    with stand(*arguments) as process:
        printed, complaint = process.communicate()

    assert printed == ""
    assert sentence in complaint
    assert complaint.count("\n") == 1
    assert process.returncode == 254
