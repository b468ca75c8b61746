"""What each count of a run counts, in plain words."""

from __future__ import annotations

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
