"""One line for each property: what its anomaly is, in plain words.

The long form, with an example, is the page of the same name in ``docs/anomalies``.
"""

from __future__ import annotations

_PROPERTIES = {
    "lost": "An acknowledged task that neither finished nor was dead-lettered.",
    "vanished": "An acknowledged task whose row is in none of the tables at the end.",
    "unexpected": "A task that ran although nobody enqueued it.",
    "duplicated": "An effect that happened again although no death and no error justifies it.",
    "duplicated-effect": "An effect that happened again with nothing that justifies it.",
    "unjustified-redelivery": "A task that was started again with nothing that justifies it.",
    "double-claim": "Two workers held a live lease on one task at the same time.",
    "zombie-finish": "A worker ended a task after another one had claimed it.",
    "stuck": "A task that could run, and that nobody ran within the promised time.",
    "unnoticed-death": "A killed task that its living supervisor did not give back.",
    "attempt-overrun": "A task that was started more often than its max attempts.",
    "uncounted-attempt": "A start of a task that was not charged to its attempts.",
    "premature": "A task that was claimed before its run_at, by the database's clock.",
    "dedupe-violation": "Two live tasks with one hash, or a task ignored as a duplicate of none.",
    "stats": "A run that did not do what it set out to do.",
}

COUNTS = {
    "attempted": "tasks that a producer tried to enqueue, duplicates included",
    "acknowledged": "enqueues that returned, duplicates included",
    "ok": "tasks whose effect was seen",
    "lost": "acknowledged tasks that neither finished nor were dead-lettered",
    "duplicated": "tasks with an effect too many",
    "unexpected": "tasks that ran and that nobody enqueued",
    "recovered": "tasks with an unknown enqueue that ran",
    "retried": "tasks that were started more than once",
    "dead_lettered": "tasks that ended in the table of failures",
    "kills_landed": "kills after which the process was seen dead",
    "kills_in_body": "kills that interrupted a task",
    "recovery_ms_p50": "median time from a kill to the next start of its task",
    "recovery_ms_max": "the longest such time",
}


def explain_property(name: str) -> str:
    """Say what a property's anomaly is; spelling with spaces or underscores is the same name."""
    known = _PROPERTIES.get(name.lower().replace("_", "-").replace(" ", "-"))
    return known or "This page has no explanation of it: see its page in docs/anomalies."
