"""The environment of a contender that cannot share ours, with our versions of all else.

The load generator runs with the contender's Python, so Locust is in there as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.subjects import SubjectUnavailableError
from engine.subjects.environment import environment_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WHAT_DECIDES_SPEED: Final = ("Django", "psycopg", "PyMySQL")

_SHARED: Final = (
    *WHAT_DECIDES_SPEED,
    *("psycopg-binary", "locust", "gevent", "greenlet", "hdrhistogram", "psutil"),
)
_NOX: Final = Path(__file__).resolve().parents[2] / ".nox"


def contender_python(name: str, requirements: Mapping[str, str]) -> Path:
    """Return the Python of an environment with these packages, by name and version, and Locust.

    Raises:
        SubjectUnavailableError: they cannot be installed, or Locust is not installed here.
    """
    wanted = {**dict(_shared(name)), **requirements}
    with _alone(name):
        return environment_python(name, [f"{key}=={version}" for key, version in wanted.items()])


def versions(requirements: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of what decides a contender's speed; what is not installed is left out.

    ``requirements`` are those of its own, by name and version.
    """
    shared = {}
    for name in WHAT_DECIDES_SPEED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            shared[name] = importlib.metadata.version(name)
    return {**requirements, "python": platform.python_version(), **shared}


def _shared(contender: str) -> Iterator[tuple[str, str]]:
    for name in _SHARED:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise SubjectUnavailableError(
                f"{contender} needs our version of {name}, and it is not installed here; "
                "run it through nox -s loadtests"
            ) from None


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let one process at a time make an environment: a half-made one is removed by the next."""
    _NOX.mkdir(exist_ok=True)
    with (_NOX / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
