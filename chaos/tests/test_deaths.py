"""When a process died, as far as what is told of it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.history import History
from chaos.tests.script import Script

if TYPE_CHECKING:
    from chaos.deaths import Death


def death_of(pid: int, script: Script) -> tuple[Death, History]:
    """Return what a history makes of a death."""
    history = History(script.ops)
    return history.deaths[pid], history


def ended(**told: Any) -> Script:
    """Body 800 spoke last at 2.1 s, and an exit of its process is told at 5 s."""
    script = Script().start(2.0).effect(2.1)
    return script.say(5.0, "harness", "ok", "exit", value={"pid": 800, **told})


def span(pid: int, script: Script) -> tuple[float, float | None]:
    """Return from when on a process may have been dead, and when it was seen dead."""
    death, history = death_of(pid, script)
    assert death.pid == pid
    seen = None if death.seen is None else history.seconds(death.seen)
    return history.seconds(death.earliest), seen


def test_who_ends_in_order_ends_when_that_is_told() -> None:
    """Also where no status is; who crashed did so after its last word."""
    assert span(800, ended()) == (5.0, 5.0)
    assert span(800, ended(status=0)) == (5.0, 5.0)
    assert span(800, ended(status=-9)) == (2.1, 5.0)
    assert span(800, Script().start(2.0).effect(2.1).death(5.0)) == (2.1, 5.0)


def test_who_was_seen_alive_died_later_than_that() -> None:
    """Whatever its last word was."""
    assert span(800, ended(status=-9, alive_at=5_000_000_000 + 4_000_000_000)) == (4.0, 5.0)


def announced(script: Script) -> Script:
    """Process 800 will kill itself, it says at 3 s, and is seen dead at 5 s."""
    told = {"pid": 800, "target": "itself"}
    script.say(3.0, "fault-1", "invoke", "kill", value=told)
    return script.say(5.0, "fault-1", "ok", "kill", value={"pid": 800})


def test_who_kills_itself_may_do_so_after_its_last_word() -> None:
    """Or when it was announced, if it never spoke."""
    assert span(800, announced(Script().start(2.0))) == (2.0, 5.0)
    assert span(800, announced(Script())) == (3.0, 5.0)


def test_two_kills_that_nobody_saw_land_are_one_death_that_nobody_saw() -> None:
    """The first of them may have been it."""
    assert span(800, Script().kill(2.0, seen=None).kill(3.0, seen=None)) == (2.0, None)
