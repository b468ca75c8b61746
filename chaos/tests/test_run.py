"""How long a run goes on that has no end of its own."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from chaos import run
from chaos.arena import Arena
from chaos.plan import Call, Plan, Strike
from chaos.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

DEADLINE_SECONDS = 60.0


class Inventive:
    """Bodies that start under a new key whenever one looks."""

    def __init__(self) -> None:
        self.tasks: set[str] = set()

    def new_starts(self) -> Iterator[Any]:
        """Start one more."""
        self.tasks.add(f"order-{len(self.tasks)}")
        return iter(())


def test_a_trigger_that_never_comes_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tasks start that the plan does not know."""
    monkeypatch.setattr(run, "FAULT_SECONDS", 0.0)
    monkeypatch.setattr(run, "PATIENCE_SECONDS", 0.05)
    nothing = SimpleNamespace(look=lambda **_: None, close=lambda: None)
    monkeypatch.setattr(run, "Census", lambda *_: nothing)
    plan = Plan(
        scenario="any",
        seed=7,
        workers=1,
        processes=1,
        calls=(Call(key="order-1", kind="send_mail", at_seconds=0.0),),
        strikes=(Strike(fault="sigkill", on_start_of="never"),),
    )
    told: list[tuple[Any, ...]] = []
    contract = SimpleNamespace(recovery_seconds=0.0)
    subject = cast("Any", SimpleNamespace(contract=lambda: contract))
    arena = Arena(
        plan=plan,
        cluster=cast("Any", SimpleNamespace(are_producers_done=lambda: True, tend=lambda: None)),
        bodies=cast("Any", Inventive()),
        database=cast("Any", None),
        subject=subject,
        history=cast("Any", SimpleNamespace(write=lambda *said, **_: told.append(said))),
        rng=random.Random(7),  # noqa: S311 - nothing secret
        proxies={},
        orders=tmp_path,
    )
    carried_out = Run(
        plan=plan,
        subject=subject,
        database=arena.database,
        folder=tmp_path,
        on_phase=lambda _: None,
    )
    thread = threading.Thread(
        target=carried_out._offer,
        args=(arena, SimpleNamespace(look=lambda: None)),
        daemon=True,
    )
    thread.start()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    assert ("info", "sigkill") in told
