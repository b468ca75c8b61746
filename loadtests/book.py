"""The stored run while it grows: every finished step is on disk before the next one begins.

A run that is interrupted keeps its steps. Taken up again, it gives each stored step back under
its id instead of measuring it once more, so the same course is taken to the same place.
"""

from __future__ import annotations

import dataclasses
import os
import time
from typing import TYPE_CHECKING

from reports.load_schema import (
    FINDINGS,
    MANIFEST,
    STEPS,
    Findings,
    append_step,
    read_findings,
    read_load_manifest,
    read_steps,
    write_document,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reports.load_schema import LoadManifest, Status
    from reports.load_steps import Step


class BookError(Exception):
    """A stored run cannot be taken up again: one sentence."""


class Book:
    """One run folder."""

    def __init__(self, folder: Path, manifest: LoadManifest) -> None:
        self.folder = folder
        self._manifest = manifest
        self._begun = time.monotonic()
        self._findings = Findings()
        self._steps: dict[str, Step] = {}

    @classmethod
    def new(cls, folder: Path, manifest: LoadManifest) -> Book:
        """Begin a run in an empty folder, which is made.

        Raises:
            BookError: it cannot be made, or is there already.
        """
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise BookError(f"{folder} cannot be made: {error.strerror}") from error
        book = cls(folder, manifest)
        book.end("interrupted", "the run has not ended yet")
        return book

    @classmethod
    def resumed(cls, folder: Path) -> Book:
        """Take up a run that was interrupted or failed.

        Raises:
            BookError: there is none in this folder, or it is complete.
        """
        try:
            manifest = read_load_manifest(folder)
            steps = list(read_steps(folder))
            findings = read_findings(folder)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BookError(f"{folder} holds no load run to take up again: {error}") from error
        if manifest.status == "complete":
            raise BookError(f"{folder} is complete: there is nothing left to measure")
        book = cls(folder, manifest)
        book._begun -= manifest.duration_seconds
        book._findings = dataclasses.replace(Findings(), semantics=findings.semantics)
        book._take_up(steps)
        return book

    @property
    def manifest(self) -> LoadManifest:
        """The manifest as it is stored."""
        return self._manifest

    @property
    def findings(self) -> Findings:
        """What was computed so far."""
        return self._findings

    @property
    def steps(self) -> Sequence[Step]:
        """All steps, in the order in which they ran."""
        return tuple(self._steps.values())

    def seconds(self) -> float:
        """Return the time that the run has taken, former sittings included."""
        return time.monotonic() - self._begun

    def holds(self, id_: str) -> bool:
        """Tell whether a step was measured already."""
        return id_ in self._steps

    def step(self, id_: str, measure: Callable[[int], Step]) -> Step:
        """Return the stored step of this id, or measure and store it.

        ``measure`` is given the step's place in the order.
        """
        if id_ not in self._steps:
            step = measure(len(self._steps))
            append_step(self.folder, step)
            self._steps[id_] = step
            self._save()
        return self._steps[id_]

    def find(self, **findings: object) -> None:
        """Store what was computed, by the names of ``Findings``."""
        self._findings = dataclasses.replace(self._findings, **findings)  # type: ignore[arg-type]
        write_document(self.folder / FINDINGS, self._findings)

    def describe(self, **facts: object) -> None:
        """Store facts in the manifest, by the names of ``LoadManifest``.

        Raises:
            BookError: the steps so far were measured on another database.
        """
        databases = facts.get("databases", self._manifest.databases)
        if self._steps and self._manifest.databases and databases != self._manifest.databases:
            raise BookError(
                f"{self.folder} was begun on another database, version or configuration of it: "
                "take it up with the same --database-url or --provider, or start a new run"
            )
        self._manifest = dataclasses.replace(self._manifest, **facts)  # type: ignore[arg-type]
        self._save()

    def end(self, status: Status, reason: str = "") -> None:
        """Store how the run ended."""
        self._manifest = dataclasses.replace(self._manifest, status=status, reason=reason)
        self._save()

    def _save(self) -> None:
        self._manifest = dataclasses.replace(
            self._manifest, duration_seconds=round(self.seconds(), 1)
        )
        write_document(self.folder / MANIFEST, self._manifest)
        write_document(self.folder / FINDINGS, self._findings)

    def _take_up(self, steps: Sequence[Step]) -> None:
        """Keep the steps, and cut off the half line that a killed harness may have left."""
        self._steps = {step.id: step for step in steps}
        path = self.folder / STEPS
        if path.exists():
            os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
