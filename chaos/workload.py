"""The pieces that plans are made of: groups of calls, each for one way to go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.plan import Call

if TYPE_CHECKING:
    import random

HANG_SECONDS: Final = 30.0
"""A victim hangs for this long unless it is killed, which is what it waits for."""


def mails(rng: random.Random, count: int, *, seconds: float) -> list[Call]:
    """Short tasks at random times: the background that everything happens before."""
    return [
        Call(
            key=f"mail-{number:03}",
            kind="send_mail",
            producer=number % 2,
            at_seconds=rng.uniform(0, seconds),
        )
        for number in range(count)
    ]


def waves(rng: random.Random, *, count: int, size: int, first: float, every: float) -> list[Call]:
    """Tasks that are due at the same instant, while all workers wait for that instant."""
    return [
        Call(
            key=f"wave-{wave}-{number:02}",
            kind="send_mail",
            producer=number % 2,
            at_seconds=rng.uniform(0, 0.2),
            due_at_seconds=first + every * wave,
        )
        for wave in range(count)
        for number in range(size)
    ]


def duplicates(rng: random.Random, count: int, *, seconds: float) -> list[Call]:
    """Calls that two producers make at the same moment, of tasks that stay live for a while."""
    calls = []
    for number in range(count):
        at_seconds = rng.uniform(0, seconds)
        calls += [
            Call(
                key=f"twice-{number:02}",
                kind="send_mail",
                producer=producer,
                at_seconds=at_seconds,
                delay_seconds=1.0,
            )
            for producer in (0, 1)
        ]
    return calls


def delayed(rng: random.Random, count: int, *, seconds: float) -> list[Call]:
    """Tasks for later."""
    return [
        Call(
            key=f"later-{number:02}",
            kind="send_mail",
            at_seconds=rng.uniform(0, seconds),
            delay_seconds=rng.uniform(0.2, 2.0),
        )
        for number in range(count)
    ]


def flaky(rng: random.Random, count: int, *, seconds: float) -> list[Call]:
    """Tasks that raise the first time."""
    return [
        Call(key=f"flaky-{number:02}", kind="fail_once", at_seconds=rng.uniform(0, seconds))
        for number in range(count)
    ]


def slow(rng: random.Random, count: int, *, seconds: float, work: float) -> list[Call]:
    """Tasks that work for longer than a lease lasts, so that they live by its renewal."""
    return [
        Call(
            key=f"slow-{number:02}",
            kind="write_invoice",
            args=(work,),
            at_seconds=rng.uniform(0, seconds),
        )
        for number in range(count)
    ]


def victims(count: int, *, first: float, every: float) -> list[Call]:
    """Tasks that hang the first time, until a fault strikes."""
    return [
        Call(
            key=f"victim-{number:02}",
            kind="hang_once",
            args=(HANG_SECONDS,),
            at_seconds=first + every * number,
        )
        for number in range(count)
    ]


def poison(count: int, *, first: float, every: float) -> list[Call]:
    """Tasks that kill the process that runs them, every time."""
    return [
        Call(key=f"poison-{number:02}", kind="kill_worker", at_seconds=first + every * number)
        for number in range(count)
    ]
