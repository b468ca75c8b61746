"""The source of Django's tests, for the version of Django that is installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = "tests/tasks/"


class NoSourcesError(Exception):
    """Django's source cannot be had."""


def fetch_tests(folder: Path) -> Path:
    """Download Django's source into ``folder``; return the folder that has the package ``tasks``.

    Raises:
        NoSourcesError: pip could not download it.
    """
    version = django.get_version()
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    wanted = ["--no-deps", "--no-binary", ":all:", "--dest", str(folder), f"Django=={version}"]
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        *_, reason = ["it says nothing", *done.stderr.splitlines()]
        raise NoSourcesError(f"pip could not download the source of Django {version}: {reason}")
    with tarfile.open(archives[0]) as archive:
        members = [member for member in archive.getmembers() if _FOLDER in f"{member.name}/"]
        archive.extractall(folder, members, filter="data")
    return next(folder.glob("*/tests"))
