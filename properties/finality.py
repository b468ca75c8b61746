"""Which findings are final, and after which prefix of a history that can be said.

A finding of safety is final: whatever comes later, it happened. Two things can still take one back,
and both are knowledge that comes late, so a prefix counts only up to a quiet moment:

- a death is told after it happened, so nobody may have died unseen by then;
- a fault is told before it lands, and whom it struck only then, so none may be about to land.

And the moment has to be quiet for longer than the checkers let clocks and claims be off. A call
that is under way matters not: until it is answered it only explains more.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from chaos.deaths import trailing_pid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.schema import Op

FINAL: Final = frozenset(
    {
        *("duplicated-effect", "unjustified-redelivery", "at-most-once-redelivery", "overlap"),
        *("double-claim", "zombie-finish", "zombie-heartbeat", "overlong-lease", "double-finish"),
        *("unprovoked-death", "unnoticed-death", "containment", "attempt-overrun"),
        *("early-dead-letter", "premature", "backoff-violation", "order-inversion"),
        *("priority-inversion", "starvation", "double-fire", "dedupe-violation", "false-dedupe"),
        *("stale-key", "corruption", "conservation", "unexpected", "aborted-enqueue-executed"),
    }
)
"""The checks of safety."""

_AT_THE_END: Final = "it is judged by the rows of the final read, and only then"

PROVISIONAL: Final[Mapping[str, str]] = {
    "lost": _AT_THE_END,
    "vanished": _AT_THE_END,
    "stuck": _AT_THE_END,
    "limbo": _AT_THE_END,
    "torn-batch": _AT_THE_END,
    "stats": "what is missing may still come",
    "illegal-transition": "the final read may find the end of a row that the audit did not see",
    "uncounted-attempt": "an engine may charge an attempt no sooner than its row ends",
    "claim-after-stop": "a fault that strikes before the worker has ended excuses what it did",
    "missed-fire": "the row for the next slot may be made later than the end of the one before",
    "late": "half of all pickups are late or not, and more pickups may come",
    "lost-wakeup": "the same, and a later fault begins the time after the faults anew",
    "slow-recovery": "a later fault begins the time after the faults anew",
    "leak": "only the last look counts",
}
"""The checks of liveness, and those that later ops may excuse: each with what does."""

QUIET_NS: Final = 1_050_000_000
"""The longest that checkers let times be off: a claim's or a commit's second, and a clock's slack.
"""


def quiet_prefixes(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """Yield the prefixes of a history that end at a quiet moment before its own end, in order."""
    ordered = sorted(ops, key=lambda op: op.time)
    for number, (op, following) in enumerate(itertools.pairwise(ordered), start=1):
        is_silent = following.time - op.time > QUIET_NS
        if is_silent and not _is_anything_open(ordered[:number], ordered[number:]):
            yield ordered[:number]


def _is_anything_open(before: Sequence[Op], after: Sequence[Op]) -> bool:
    striking = {op.process for op in before if op.process.startswith("fault-")}
    landed = {op.process for op in before if op.type != "invoke"}
    is_landing = any(op.process in striking - landed for op in after)
    return is_landing or _has_died_unseen(before, after)


def _has_died_unseen(before: Sequence[Op], after: Sequence[Op]) -> bool:
    """Tell whether a body whose death is told later may have been dead by now."""
    ends = {int(op.value["pid"]) for op in after if op.f in {"death", "exit"}}
    spoken = {trailing_pid(op.process) for op in after if op.process.startswith("body-")}
    begun = {trailing_pid(op.process) for op in before if op.process.startswith("body-")}
    return bool((ends & begun) - spoken)
