"""A virtual environment for a subject that cannot share ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.subjects.subject import SubjectUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPOSITORY: Final = Path(__file__).resolve().parents[2]


def environment_python(name: str, requirements: Sequence[str]) -> Path:
    """Return the Python of an environment with exactly these requirements.

    It is made on first use, below the repository's ``.nox`` folder, and kept for later runs. A
    half-made one is never used: it gets its name when it is complete.

    Raises:
        SubjectUnavailableError: pip could not install the requirements.
    """
    wanted = "\n".join((sys.version, *requirements))
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    folder = _REPOSITORY / ".nox" / f"subject-{name}-{digest}"
    if not (folder / "complete").exists():
        _make(folder, name, requirements)
    return folder / "bin" / "python"


def _make(folder: Path, name: str, requirements: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    finished = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements],
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        reason = (finished.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise SubjectUnavailableError(f"the subject {name} cannot be installed from PyPI: {reason}")
    (folder / "complete").touch()
