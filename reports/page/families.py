"""The properties by the promise that they stand for, in the order in which a reader asks."""

from __future__ import annotations

from typing import Final

FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "Nothing is lost": ("lost", "vanished", "stuck", "limbo", "conservation"),
    "Nothing runs twice without a reason": (
        "duplicated-effect",
        "unjustified-redelivery",
        "at-most-once-redelivery",
        "overlap",
    ),
    "One claim at a time": (
        "double-claim",
        "zombie-finish",
        "zombie-heartbeat",
        "overlong-lease",
        "double-finish",
        "illegal-transition",
    ),
    "Enqueues are transactions": ("unexpected", "aborted-enqueue-executed", "torn-batch"),
    "Attempts are counted": (
        "attempt-overrun",
        "early-dead-letter",
        "uncounted-attempt",
        "backoff-violation",
    ),
    "Deaths are noticed and contained": (
        "unnoticed-death",
        "unprovoked-death",
        "containment",
        "claim-after-stop",
        "leak",
    ),
    "On time": (
        "premature",
        "late",
        "lost-wakeup",
        "slow-recovery",
        "double-fire",
        "missed-fire",
    ),
    "In order": ("order-inversion", "priority-inversion", "starvation"),
    "Duplicates are ignored": ("dedupe-violation", "false-dedupe", "stale-key"),
    "Arguments and results are whole": ("corruption",),
    "The run was worth judging": ("stats",),
}
_OTHER: Final = "Other properties"
_FAMILY_OF: Final = {name: family for family, names in FAMILIES.items() for name in names}


def family_of(name: str) -> str:
    """Return the promise that a property stands for."""
    return _FAMILY_OF.get(name.lower().replace("_", "-").replace(" ", "-"), _OTHER)
