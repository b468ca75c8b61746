"""lost-answer: a transaction is committed, and who committed it is not told.

``statement`` is the name of one of the subject's statements, such as ``enqueue``, ``claim`` or
``finish``: the COMMIT of a transaction with that statement reaches the database and takes effect,
its answer is swallowed, and the connection is reset. ``times`` says how many answers are lost.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import VERMILION, Fault, NotLanded, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from chaos.proxy import LoseAnswers


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Lose the answers; those that were not lost by then arrive when it is healed."""
    name = str(options["statement"])
    statement = arena.subject.statements.get(name)
    if statement is None:
        raise NotLanded(f"the subject has not told its statement {name!r}")
    times = int(options.get("times", 1))
    with proxy_of(arena, options).lose_answers(statement, times=times) as toxic:
        yield functools.partial(_seen, toxic)


def _seen(toxic: LoseAnswers) -> Mapping[str, Any] | None:
    lost = list(toxic.lost)
    if not lost:
        return None
    last = lost[-1]
    return {"lost": len(lost), "statement": last.statement, "answer": last.answer}


LOST_ANSWER = Fault(
    name="lost-answer",
    family="network",
    summary="COMMIT takes effect and its answer is lost: of an enqueue, a claim or a finish",
    disturbs="database",
    colour=VERMILION,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
