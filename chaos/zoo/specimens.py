"""The specimens: what is broken, how, and as what it must be caught."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from engine.subjects import BackgroundTask

SERVERS: Final = ("postgresql", "mysql", "mariadb")
ALL: Final = ("sqlite", *SERVERS)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One broken engine.

    Attributes:
        rewrites: regular expressions over SQL, and what replaces their matches.
        anomaly: the name under which chaos must report it.
        scenario: the scenario that shows it.
        databases: where it is broken; elsewhere another safeguard covers it.
    """

    name: str
    summary: str
    rewrites: tuple[tuple[str, str], ...]
    anomaly: str
    scenario: str
    databases: tuple[str, ...] = ALL


class BrokenBackgroundTask(BackgroundTask):
    """The reference engine with one specimen's SQL."""

    def __init__(self, specimen: Specimen) -> None:
        self.specimen = specimen
        # What people type after --subject: a report must not accuse the engine that is not broken.
        self.name = f"chaos.zoo:{specimen.name}"  # type: ignore[misc]

    def settings(self) -> dict[str, Any]:
        """Return the engine's settings, and the app that breaks it."""
        return {
            **super().settings(),
            "EXTRA_APPS": ["chaos.zoo"],
            "ZOO_REWRITES": self.specimen.rewrites,
        }


SPECIMENS: Final = (
    Specimen(
        name="claim_without_lock",
        summary="two workers that look at the same moment both get the task",
        rewrites=((r" FOR (NO KEY )?UPDATE SKIP LOCKED", ""),),
        anomaly="double-claim",
        scenario="sigkill_mid_task",
        databases=SERVERS,
    ),
    Specimen(
        name="attempt_not_charged",
        summary="the claim does not count the attempt, so a task that kills its worker never ends",
        rewrites=((r"attempts = attempts \+ 1", "attempts = attempts"),),
        anomaly="uncounted-attempt",
        scenario="poison",
    ),
    Specimen(
        name="no_reaper",
        summary="nobody takes back what a dead worker held",
        rewrites=((r"WHERE lease_until < ", "WHERE 1 = 0 AND lease_until < "),),
        anomaly="stuck",
        scenario="sigkill_everything",
    ),
    Specimen(
        name="no_heartbeat",
        summary="leases are not renewed, so a slow task is taken from its living worker",
        rewrites=((r"(UPDATE \S+ SET lease_until = (?!NULL).* WHERE )id ", r"\g<1>1 = 0 AND id "),),
        anomaly="unjustified-redelivery",
        scenario="sigkill_mid_task",
    ),
    Specimen(
        name="token_does_not_grow",
        summary="every claim of a task has the same token, so nothing tells a zombie from its heir",
        rewrites=((r"token = token \+ 1", "token = 1"),),
        anomaly="double-claim",
        scenario="sigkill_mid_task",
    ),
    Specimen(
        name="early",
        summary="tasks are claimed before they are due",
        rewrites=((r"AND run_at <= .* ORDER BY", "ORDER BY"),),
        anomaly="premature",
        scenario="sigkill_mid_task",
    ),
    Specimen(
        name="no_unique_index",
        summary="a duplicate of a live task is enqueued as well",
        rewrites=((r"VALUES \(%s, %s, %s,", "VALUES (%s, %s, CASE WHEN 1 = 0 THEN %s END,"),),
        anomaly="dedupe-violation",
        scenario="sigkill_mid_task",
    ),
    Specimen(
        name="finish_without_record",
        summary="a finished task is deleted without a trace",
        rewrites=(
            (r"(INSERT INTO background_task_completedtask .* = ended\.id)", r"\1 AND 1 = 0"),
        ),
        anomaly="vanished",
        scenario="sigkill_mid_task",
    ),
)
