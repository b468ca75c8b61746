"""A Django project of the user's, whose tasks a run executes instead of ours.

Its path comes first where workers and producers import from, and its settings are read before the
harness's are laid over them. Nothing of it is imported into the harness itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from engine.command_line import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.subjects import Subject

LOOK_SECONDS: Final = 60.0
PASSED: Final = "preflight: all of it can be imported"
"""What ``engine.project.preflight`` says at its end; a program that is no Python does not."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Where a project is.

    Attributes:
        path: the folder that its modules are imported from.
        settings: its settings module.
        python: the interpreter that has what it needs installed; None for the subject's own.
    """

    path: Path
    settings: str
    python: Path | None = None

    @classmethod
    def from_manifest(cls, fields: Mapping[str, str]) -> Self:
        """Read what ``as_manifest`` wrote; raises KeyError."""
        python = fields.get("python")
        return cls(
            path=Path(fields["path"]),
            settings=fields["settings"],
            python=Path(python) if python else None,
        )

    def as_manifest(self) -> dict[str, str]:
        """Write the project as the manifest of a run holds it."""
        python = {"python": str(self.python)} if self.python else {}
        return {"path": str(self.path), "settings": self.settings, **python}

    def as_options(self) -> str:
        """Write the project as options of the command line, with a space before them."""
        python = f" --python {shlex.quote(str(self.python))}" if self.python else ""
        return f" --project {shlex.quote(str(self.path))} --settings {self.settings}{python}"

    def house(self, subject: Subject, kinds: Iterable[str]) -> Subject:
        """Return the subject as it is within this project, if that can run these tasks.

        Raises:
            UsageError: it cannot; the message says why.
        """
        self.check(subject, kinds)
        return self.housing(subject)

    def check(self, subject: Subject, kinds: Iterable[str]) -> None:
        """Look whether its settings and tasks can be imported by workers, before any is started.

        Raises:
            UsageError: they cannot; the message says why.
        """
        if not self.path.is_dir():
            raise UsageError(f"--project: there is no folder {self.path}")
        if self.python and not (self.python.is_file() and os.access(self.python, os.X_OK)):
            raise UsageError(f"--python: {self.python} is not a program")
        guest = self.housing(subject)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "engine.project.settings",
            "PYTHONPATH": os.pathsep.join(map(str, guest.import_path())),
            "KILLPROOF_SETTINGS": json.dumps(guest.settings()),
        }
        named = sorted({kind for kind in kinds if "." in kind})
        command = [str(guest.python()), "-m", "engine.project.preflight", *named]
        if complaint := _complaint(command, environment):
            raise UsageError(f"--project {self.path}: {complaint}")

    def housing(self, subject: Subject) -> Subject:
        """Return the subject as it is within this project."""
        # A class below the subject's own, so that whatever else it does stays as it is.
        housed = type(type(subject).__name__, (_Housed, type(subject)), {"project": self})
        guest: Subject = object.__new__(housed)
        vars(guest).update(vars(subject))
        return guest


class _Housed:
    """What a project changes of a subject."""

    __slots__ = ()
    project: Project

    def import_path(self) -> tuple[Path, ...]:
        own: tuple[Path, ...] = super().import_path()  # type: ignore[misc]
        return (self.project.path, *own)

    def python(self) -> Path:
        own: Path = self.project.python or super().python()  # type: ignore[misc]
        return own

    def settings(self) -> dict[str, Any]:
        own: dict[str, Any] = super().settings()  # type: ignore[misc]
        return {**own, "PROJECT_SETTINGS": self.project.settings}


def _complaint(command: list[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LOOK_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"its settings and tasks were not imported within {LOOK_SECONDS:g} s"
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    if done.returncode == 0 and done.stdout.splitlines()[-1:] == [PASSED]:
        return ""
    lines = done.stderr.strip().splitlines() if done.returncode else []
    without = f"{command[0]} ended without having imported its settings and tasks"
    return lines[-1] if lines else without
