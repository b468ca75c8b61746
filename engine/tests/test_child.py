"""A child: it runs what it is handed, and says how each task ended before the next one starts.

The child's loop runs in the test's own process, on a channel that holds its orders from the start.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from background_task import background, current_task
from background_task.claims import Claim
from background_task.error_texts import ERROR_LENGTH, error_text
from background_task.registry import registry
from background_task.worker.child import RETURN_UNSTARTED, Child
from background_task.worker.messages import LineBuffer, Message, to_line
from background_task.worker.progress import Progress
from engine.tests.troubles import tasks as troubles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings as ProjectSettings

MAX_RESULT_BYTES = 100_000


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Put back the signal handler and the registered tasks."""
    handler, before = signal.getsignal(RETURN_UNSTARTED), dict(registry)
    yield
    signal.signal(RETURN_UNSTARTED, handler)
    registry.clear()
    registry.update(before)


@pytest.fixture(autouse=True)
def limits(settings: ProjectSettings) -> None:
    """Make a long result a short one."""
    settings.BACKGROUND_TASK = {"MAX_PARAMS_BYTES": MAX_RESULT_BYTES}


def _run(*handed: tuple[str, list[Any]]) -> list[Message]:
    """Return what a child says that is handed these tasks, without how long they took."""
    return [
        message if message[0] == "returned" else message[:3]
        for message in _run_rows(*((name, json.dumps([args, {}])) for name, args in handed))
    ]


def _orders(*rows: tuple[str, str]) -> bytes:
    return to_line(
        [
            (
                Claim(
                    id=number,
                    token=7,
                    attempt=1,
                    max_attempts=3,
                    timeout_seconds=60.0,
                    task_name=name,
                    task_params=params,
                )
            )
            for number, (name, params) in enumerate(rows, start=1)
        ]
    )


def _run_rows(*rows: tuple[str, str], progress: Progress | None = None) -> list[Message]:
    ours, its = socket.socketpair()
    reader, doorbell = os.pipe()
    with ours, its:
        ours.sendall(_orders(*rows))
        ours.shutdown(socket.SHUT_WR)
        Child(its, progress or Progress(), doorbell).run()
        its.close()
        os.close(reader)
        os.close(doorbell)
        return list(LineBuffer().feed(b"".join(iter(lambda: ours.recv(1 << 20), b""))))


def _error_of(name: str, *args: Any) -> str:
    ((word, _, error, *_),) = _run((name, list(args)))
    assert word == "failed"
    return str(error)


def test_each_end_is_said_before_the_next_start() -> None:
    """A killed child has told of everything that it finished."""
    progress, told = Progress(), []

    def look() -> None:
        told.append(progress.running())

    background(name="look")(look)
    said = _run_rows(("look", "[[], {}]"), ("look", "[[], {}]"), progress=progress)

    assert told == [1, 2]
    assert [message[:3] for message in said] == [["finished", 1, None], ["finished", 2, None]]
    assert progress.running() is None


def test_a_body_knows_its_attempt() -> None:
    """Name, row, number of the attempt and token are those of the claim."""
    seen = []

    def look() -> None:
        seen.append(current_task())

    background(name="look")(look)
    _run(("look", []))

    (task,) = seen
    assert task is not None
    assert (task.id, task.name, task.token) == (1, "look", 7)
    assert (task.attempt, task.max_attempts) == (1, 3)
    assert current_task() is None


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        (troubles.raise_error.name, ["no paper"], "RuntimeError: no paper"),
        (troubles.raise_unprintable.name, [], "UnprintableError: <exception str() failed>"),
        (troubles.exit_politely.name, [], "SystemExit: enough"),
        (troubles.measure.name, [], "missing 1 required positional argument: 'text'"),
        ("shop.refund", [], "no task is registered under the name 'shop.refund'"),
    ],
)
def test_whatever_a_body_raises_ends_its_own_attempt(name: str, args: list[Any], text: str) -> None:
    """The end says what happened, with a traceback, and the child lives on."""
    ends = _run((name, args), (troubles.measure.name, ["abc"]))

    assert text in ends[0][2]
    assert ends[0][2].startswith("Traceback (most recent call last)")
    assert ends[1] == ["finished", 2, "3"]


@pytest.mark.parametrize("params", ["not JSON", "[]", '{"a": 1}', ""])
def test_a_row_whose_arguments_are_none_ends_its_own_attempt(params: str) -> None:
    """A row that somebody wrote by hand hurts nobody else."""
    ends = _run_rows((troubles.measure.name, params), (troubles.measure.name, '[["abc"], {}]'))

    assert (ends[0][0], ends[1][:3]) == ("failed", ["finished", 2, "3"])


@pytest.mark.parametrize(
    ("kind", "result"), [("nothing", None), ("object", "\"PosixPath('invoice.pdf')\"")]
)
def test_a_result_is_json(kind: str, result: str | None) -> None:
    """What JSON has no word for is described; None is nothing."""
    assert _run((troubles.describe.name, [kind]))[0] == ["finished", 1, result]


@pytest.mark.parametrize("kind", ["long", "tuple keys", "circle", "not a number", "infinity"])
def test_a_result_that_cannot_be_stored_does_not_undo_the_task(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The task did its work: running it again would do it twice. The log says what was dropped."""
    assert _run((troubles.describe.name, [kind]))[0] == ["finished", 1, None]
    assert "engine.tests.troubles.tasks.describe: the result" in caplog.text


def test_a_copy_that_a_body_forks_does_not_speak() -> None:
    """The child goes on alone: its end is told once."""

    def fork() -> None:
        if os.fork() == 0:
            return

    background(name="fork")(fork)

    assert _run(("fork", []), (troubles.measure.name, ["abc"])) == [
        ["finished", 1, None],
        ["finished", 2, "3"],
    ]


def test_a_child_whose_channel_a_body_closed_speaks_into_nothing_else(tmp_path: Path) -> None:
    """A file has the channel's number now. The child ends, and its task counts as running."""
    path, progress = tmp_path / "theirs", Progress()
    ours, its = socket.socketpair()
    reader, doorbell = os.pipe()

    def take_over() -> None:
        with path.open("w") as file:
            os.dup2(file.fileno(), its.fileno())

    background(name="take over")(take_over)
    with ours, its:
        ours.sendall(_orders(("take over", "[[], {}]")))
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match="a body has closed the channel"):
            Child(its, progress, doorbell).run()
    os.close(reader)
    os.close(doorbell)

    assert path.read_text() == ""
    assert progress.running() == 1


def test_what_has_not_started_is_given_back_on_demand() -> None:
    """A child in the middle of a task can still return those behind it."""

    def be_asked() -> None:
        os.kill(os.getpid(), RETURN_UNSTARTED)

    background(name="be asked")(be_asked)

    assert _run(("be asked", []), ("be asked", []), ("be asked", [])) == [
        ["returned", [2, 3]],
        ["finished", 1, None],
    ]


def test_a_line_is_never_said_inside_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demand that comes while the child speaks is answered after that line."""
    ours, its = socket.socketpair()
    reader, doorbell = os.pipe()
    measure = (troubles.measure.name, '[["a"], {}]')
    with ours, its:
        channel = _InterruptedChannel(its)
        ours.sendall(_orders(measure, measure))
        ours.shutdown(socket.SHUT_WR)
        Child(channel, Progress(), doorbell).run()  # type: ignore[arg-type]
        its.close()
        os.close(reader)
        os.close(doorbell)
        said = list(LineBuffer().feed(ours.recv(1 << 20)))

    assert [message[:3] for message in said] == [["finished", 1, "1"], ["returned", [2]]]


class _InterruptedChannel:
    """A channel whose first line is interrupted by a demand, in its middle."""

    def __init__(self, channel: socket.socket) -> None:
        self.recv = channel.recv
        self.fileno = channel.fileno
        self._channel = channel
        self._is_first = True

    def sendall(self, line: bytes) -> None:
        """Send half, be interrupted, send the rest."""
        self._channel.sendall(line[:5])
        if self._is_first:
            self._is_first = False
            os.kill(os.getpid(), RETURN_UNSTARTED)
        self._channel.sendall(line[5:])


def test_an_error_text_can_be_stored_anywhere() -> None:
    """No database refuses it: no zero byte, no half of a character, not too long."""
    assert error_text("a\x00b\ud800c") == "a\\x00b\\ud800c"
    long = error_text("x" * ERROR_LENGTH + "the end")
    assert long.startswith("[...]\nx")
    assert long.endswith("the end")
    assert len(long) < ERROR_LENGTH + 10
