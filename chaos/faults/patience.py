"""Waiting for a fault to land before it is healed, while the run goes on."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaos.arena import Arena
    from chaos.faults.fault import Proof


PATIENCE_SECONDS: Final = 15.0
STEP_SECONDS: Final = 0.01


@contextlib.contextmanager
def landing(arena: Arena, look: Proof) -> Iterator[Proof]:
    """Give a proof that looks until there is evidence, and has it from then on.

    Leaving waits for it, which a busy machine may delay. After that nobody looks any more: what
    the look needs may be closed.
    """
    evidence: Mapping[str, Any] | None = None
    is_over = False

    def proof() -> Mapping[str, Any] | None:
        nonlocal evidence
        if evidence is None and not is_over:
            evidence = look()
        return evidence

    try:
        yield proof
        await_landing(arena, proof)
    finally:
        is_over = True


def await_landing(arena: Arena, proof: Proof) -> None:
    """Wait for a proof that may be asked again after it had evidence."""
    wait_while(arena, lambda: proof() is None, PATIENCE_SECONDS)


def wait_while(arena: Arena, condition: Callable[[], bool], seconds: float) -> None:
    """Wait while it holds, and tend the workers meanwhile; who is interrupted waits no more."""
    deadline = time.monotonic() + seconds
    while sys.exc_info()[1] is None and time.monotonic() < deadline and condition():
        arena.cluster.tend()
        time.sleep(STEP_SECONDS)
