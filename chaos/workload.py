"""The pieces that plans are made of: groups of calls, each for one way to go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.plan import Call

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

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


def slow_at(key: str, work: float, *, at_seconds: float) -> Call:
    """A task that works for so long, at its time."""
    return Call(key=key, kind="write_invoice", args=(work,), at_seconds=at_seconds)


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


ZOO: Final[Mapping[str, tuple[str, tuple[Any, ...]]]] = {
    "exit-0": ("exit_process", (0,)),
    "exit-1": ("exit_process", (1,)),
    "segfault": ("read_nowhere", ()),
    "descriptors": ("close_descriptors", ()),
    "orphan": ("leave_child_behind", (5.0,)),
    "loop": ("loop_for_ever", ()),
    "memory": ("allocate_for_ever", ()),
    "unprintable": ("raise_unprintable", ()),
    "recursion": ("recurse_for_ever", ()),
    "sys-exit": ("leave_by_sys_exit", ()),
    "interrupt": ("interrupt_itself", ()),
    "no-json": ("return_no_json", ()),
    "too-much": ("return_too_much", ()),
    "thread": ("leave_thread_behind", (1.0,)),
}
"""Every kind of poison: the task's name, and its arguments after the key."""

DEADLY: Final = ("exit-0", "exit-1", "segfault", "descriptors", "loop")
"""The kinds that cost the process that runs them."""

HARMLESS: Final = ("no-json", "too-much", "thread")
"""The kinds that succeed all the same."""


def zoo(rng: random.Random, *, seconds: float) -> list[Call]:
    """One of each kind of poison, in any order."""
    kinds = rng.sample(list(ZOO), k=len(ZOO))
    return [
        poisonous(f"zoo-{kind}", name, *args, at_seconds=seconds * number / len(kinds))
        for number, kind in enumerate(kinds)
        for name, args in [ZOO[kind]]
    ]


def poisonous(key: str, name: str, *args: Any, at_seconds: float) -> Call:
    """A call of a task of ``engine.project.poison``."""
    kind = f"engine.project.poison.{name}"
    return Call(key=key, kind=kind, args=args, at_seconds=at_seconds)


def orders(rng: random.Random, count: int, *, seconds: float) -> list[Call]:
    """Tasks that enqueue other tasks."""
    return [
        Call(key=f"order-{number:02}", kind="place_order", at_seconds=rng.uniform(0, seconds))
        for number in range(count)
    ]
