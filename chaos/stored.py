"""Stored runs, as later commands take them up: found below folders, read without trust.

What is wrong with a folder is one sentence; nothing in it is changed.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from chaos.checkers import Intention, analyse
from chaos.plan import Plan
from chaos.soundness import flaw_of
from engine.subjects import Contract
from reports.schema import (
    Results,
    TwoFilesError,
    read_history,
    read_manifest,
    read_results,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from reports.schema import Manifest, Op

_BROKEN = (
    *(OSError, ValueError, TypeError, KeyError, AttributeError, IndexError),
    RecursionError,
)


class StoredRunError(Exception):
    """A folder holds no run that can be taken up: one sentence that says why."""


class LawlessHistoryError(Exception):
    """A history can be read, and proves nothing: it says what cannot have happened."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One stored run.

    Attributes:
        results: what was said of it when it was stored; None if nothing was.
    """

    folder: Path
    manifest: Manifest
    contract: Contract
    exercises: tuple[str, ...]
    results: Results | None

    @property
    def subject(self) -> str:
        """The name of what was tested."""
        return str(self.manifest.subject["name"])

    @property
    def database(self) -> str:
        """The name of the database that it was tested on."""
        return str(self.manifest.database["name"])

    @property
    def project(self) -> Mapping[str, str]:
        """Whose tasks ran; empty if ours."""
        project: Mapping[str, str] = self.manifest.subject.get("project", {})
        return project

    def judge(self) -> Results:
        """Judge the history with today's checkers.

        Raises:
            StoredRunError: the history, or the plan, cannot be read.
            LawlessHistoryError: it cannot have happened.
        """
        ops = self._ops()
        intended = self._intended()
        try:
            return analyse(ops, self.contract, exercises=self.exercises, intended=intended)
        except _BROKEN as error:
            raise LawlessHistoryError(
                f"{self.folder}: the history breaks the law of histories: {_said(error)}"
            ) from error

    def plan(self) -> Plan:
        """Read the plan, to carry it out again.

        Raises:
            StoredRunError: there is none that could be.
        """
        path = self.folder / "plan.json"
        try:
            plan = Plan.read(path)
            flaw = flaw_of(plan)
        except _BROKEN as error:
            if "kills" in _document(path):
                raise StoredRunError(
                    f"{path} was made before plans had strikes: run its seed again with"
                    f" `{self.manifest.command}`"
                ) from error
            raise StoredRunError(f"{path} is no plan: {_said(error)}") from error
        if flaw:
            raise StoredRunError(f"{path} cannot be carried out: {flaw}")
        return plan

    def _intended(self) -> Intention:
        path = self.folder / "plan.json"
        try:
            return Intention.from_json(_document(path))
        except _BROKEN as error:
            raise StoredRunError(f"{path} is no plan: {_said(error)}") from error

    def _ops(self) -> list[Op]:
        try:
            ops = read_history(self.folder)
        except TwoFilesError as error:
            raise LawlessHistoryError(
                f"{self.folder}: the history breaks the law of histories: {error}"
            ) from error
        except UnicodeDecodeError as error:
            raise StoredRunError(f"a file of {self.folder}/history is no text: {error}") from error
        except _BROKEN as error:
            raise StoredRunError(f"the history cannot be read: {_said(error)}") from error
        if not ops:
            raise StoredRunError(f"{self.folder} has no history: nothing is in history/*.ndjson")
        return ops


def find_runs(folders: Iterable[Path]) -> list[Path]:
    """Return the runs of these folders, which are runs or hold some, each once.

    Raises:
        StoredRunError: one of them is none and holds none.
    """
    found: dict[Path, None] = {}
    for folder in folders:
        if not folder.is_dir():
            raise StoredRunError(f"there is no folder {folder}")
        runs = sorted(path.parent for path in folder.rglob("manifest.json") if _is_run(path))
        if not runs:
            raise StoredRunError(
                f"{folder} is no stored run and holds none: one has a manifest.json and a history/"
            )
        found.update(dict.fromkeys(runs))
    return list(found)


def read_run(folder: Path) -> StoredRun:
    """Read all of a run but its history.

    Raises:
        StoredRunError: its manifest or its plan is not what a run leaves.
    """
    try:
        manifest = read_manifest(folder)
        contract = Contract.from_json(manifest.subject["contract"])
        names = (str(manifest.subject["name"]), str(manifest.database["name"]))
    except _BROKEN as error:
        raise StoredRunError(f"{folder}/manifest.json is no run's: {_said(error)}") from error
    if not all(names):
        raise StoredRunError(f"{folder}/manifest.json names no subject or no database")
    return StoredRun(
        folder=folder,
        manifest=manifest,
        contract=contract,
        exercises=_exercises(folder / "plan.json"),
        results=_former(folder),
    )


def _is_run(manifest: Path) -> bool:
    return (manifest.parent / "history").is_dir()


def _exercises(path: Path) -> tuple[str, ...]:
    """Return what the plan set out to put to the test; plans of earlier versions name nothing."""
    exercises = _document(path).get("exercises", ())
    if not isinstance(exercises, list | tuple) or not all(isinstance(n, str) for n in exercises):
        raise StoredRunError(f"{path}: its exercises are no list of names")
    return tuple(exercises)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoredRunError(f"{path} cannot be read: {_said(error)}") from error
    if not isinstance(document, dict):
        raise StoredRunError(f"{path} is no plan: it does not hold a JSON object")
    return document


def _former(folder: Path) -> Results | None:
    try:
        return read_results(folder)
    except _BROKEN:
        return None


def _said(error: Exception) -> str:
    message = " ".join(str(error).split())
    is_plain = isinstance(error, ValueError | OSError) and message
    return message if is_plain else f"{type(error).__name__}: {message}"
