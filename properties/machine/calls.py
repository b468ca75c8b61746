"""Calls as Hypothesis draws them, and as the engine takes them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from background_task.enqueue import Enqueue
from properties.machine.steps import any_of
from properties.model import LEASE, Call

if TYPE_CHECKING:
    import datetime

TASK_NAME: Final = "task"
VERBOSE_NAME: Final = "a call"

MOSTLY: Final = st.sampled_from([True, True, False])
RARELY: Final = st.sampled_from([False, False, True])
KEYS: Final = st.sampled_from(["a", "a", "b"])
DELAYS: Final = st.sampled_from([0, 0, 0, 0, 1_000, 5_000, 20_000])
STEPS: Final = st.sampled_from([1_000, 5_000, LEASE + 500])
LATER: Final = st.sampled_from([0, 0, 0, 0, 1_000, LEASE + 500])
# No sum of steps, as with a lease. So are the ages of what is pruned, and the ends of chains.
WINDOWS: Final = st.sampled_from([500, 6_500, 60_500])


def params_of(key: str) -> str:
    """Return the arguments that a key stands for."""
    return f'[["{key}"], {{}}]'


def hash_of(key: str) -> str:
    """Return the hash of a call, as the documentation has it."""
    text = f"{TASK_NAME}:{params_of(key)}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


_once: Final = st.builds(
    Call,
    key=KEYS,
    is_unique=st.sampled_from([True, True, False]),
    queue=st.sampled_from(["default", "default", "mail"]),
    priority=st.integers(-1, 1),
    delay=DELAYS,
    is_dated=st.booleans(),
    max_attempts=st.sampled_from([None, None, 1, 2]),
    timeout=st.sampled_from([None, 30.0]),
    window=any_of(st.none(), WINDOWS, WINDOWS),
)
_chains: Final = st.builds(
    Call,
    key=KEYS,
    is_unique=st.sampled_from([True, True, False]),
    priority=st.integers(-1, 1),
    delay=st.sampled_from([0, 0, 5_000]),
    max_attempts=st.sampled_from([None, 1]),
    window=st.sampled_from([None, None, 60_500]),
    repeat=st.sampled_from([1_000, 3_000]),
    lasts=st.sampled_from([None, None, 500, 20_500]),
    catch_up=st.booleans(),
)
calls: Final = any_of(_once, _once, _chains)


def request_of(
    call: Call, run_at: datetime.datetime | float, end: datetime.datetime | None
) -> Enqueue:
    """Return what the engine is asked for a call; ``end`` is the last time of its slots."""
    return Enqueue(
        task_name=TASK_NAME,
        task_params=params_of(call.key),
        queue=call.queue,
        priority=call.priority,
        run_at=run_at,
        max_attempts=call.max_attempts,
        timeout_seconds=call.timeout,
        unique=call.is_unique,
        hold_seconds=call.window,
        repeat=call.repeat,
        repeat_until=end,
        catch_up=call.catch_up,
        verbose_name=VERBOSE_NAME,
    )
