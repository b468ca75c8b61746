"""Reads stored load runs and refuses, in one sentence, what cannot be reported.

A run that was interrupted or that failed is read as far as it goes; it says so itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

from reports.load_schema import (
    FINDINGS,
    LOAD_SCHEMA_VERSION,
    MANIFEST,
    STEPS,
    Findings,
    read_findings,
    read_load_manifest,
    read_steps,
)

if TYPE_CHECKING:
    from pathlib import Path

    from reports.load_schema import LoadManifest
    from reports.load_steps import Step

_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError)


class BadLoadError(Exception):
    """Something given cannot be reported: one sentence that says what and what to do."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """A stored load run.

    Attributes:
        digest: SHA-256 over its files, in the order of their names.
        has_findings: False if the run ended before its analysis.
    """

    folder: Path
    manifest: LoadManifest
    steps: tuple[Step, ...]
    findings: Findings
    digest: str
    has_findings: bool

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.folder.name

    @property
    def is_partial(self) -> bool:
        """Whether it ended before all was measured and analysed."""
        return self.manifest.status != "complete" or not self.has_findings


def read_load_run(folder: Path) -> LoadRun:
    """Read a run; raises BadLoadError."""
    folder = folder.resolve()
    _check_kind(folder)
    try:
        manifest = read_load_manifest(folder)
        steps = tuple(read_steps(folder))
        has_findings = (folder / FINDINGS).exists()
        findings = read_findings(folder) if has_findings else Findings()
        digest = _digest(folder)
    except _UNREADABLE as error:
        raise BadLoadError(
            f"{folder} does not follow the schema of load runs ({_reason(error)}): "
            "repair the file, or run the profile again."
        ) from error
    return LoadRun(
        folder=folder,
        manifest=manifest,
        steps=steps,
        findings=findings,
        digest=digest,
        has_findings=has_findings,
    )


def is_load_run(folder: Path) -> bool:
    """Tell a load run's folder from any other, without reading more than its manifest."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("kind") == "load"


def _check_kind(folder: Path) -> None:
    path = folder / MANIFEST
    if not path.exists():
        raise BadLoadError(
            f"{folder} has no {MANIFEST}: name the folder of a stored load run, as "
            "`nox -s loadtests` leaves it under reports/runs/."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadLoadError(f"{path} cannot be read ({_reason(error)}): run it again.") from error
    if not isinstance(document, dict) or document.get("kind") != "load":
        raise BadLoadError(
            f"{folder} is not a load run: chaos runs are shown by `python -m reports`."
        )
    found = document.get("schema_version")
    if found != LOAD_SCHEMA_VERSION:
        raise BadLoadError(
            f"{path} has the schema_version {found!r} and this Killproof reads "
            f"{LOAD_SCHEMA_VERSION}: use the version that wrote it."
        )


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in (FINDINGS, MANIFEST, STEPS):
        path = folder / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return " ".join(str(error).split()) or type(error).__name__
