"""Reads load profiles: the shipped ones by name, a user's own by path.

Whatever is wrong with a file is one sentence with the file, the line and the key; a profile that
was read can be run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from loadtests.plan_reading import read_plan
from loadtests.plans import HOURS_PER_DAY, HourlyRates
from loadtests.profile_kinds import (
    CompareProfile,
    KneeProfile,
    Profile,
    Replay,
    TimelineProfile,
)
from loadtests.profile_sense import check_sense
from loadtests.toml_table import ProfileError, nearest, open_toml
from loadtests.trace import read_trace
from loadtests.workload import Workload
from loadtests.workload_reading import TASKS, load_workload, workload_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from loadtests.toml_table import Table

__all__ = [
    "CompareProfile",
    "KneeProfile",
    "Profile",
    "ProfileError",
    "TimelineProfile",
    "load_profile",
    "load_workload",
    "profile_names",
]

PROFILES: Final = Path(__file__).with_name("profiles")
_ENDING: Final = ".toml"
_WORKLOAD: Final = "workload"
_KINDS: Final = ("knee", "timeline", "compare")
_AnyProfile = TypeVar("_AnyProfile", bound=Profile)


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles."""
    return tuple(sorted(path.stem for path in PROFILES.glob(f"*{_ENDING}")))


def load_profile(name_or_path: str, *, contenders: Collection[str] = ()) -> Profile:
    """Read a shipped profile by its name, or a file by its path.

    Args:
        name_or_path: what ends in ``.toml`` or has a slash is a path.
        contenders: the names that there are; () to take any name.

    Raises:
        ProfileError: there is none, or it cannot be used; one sentence.
    """
    path = _find(name_or_path)
    table = open_toml(path)
    profile = _read(table, path)
    check_sense(profile, table, contenders)
    return profile


def _find(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if path.suffix == _ENDING or path.name != name_or_path:
        return path
    if name_or_path not in profile_names():
        guess = nearest(name_or_path, profile_names())
        hint = f"the nearest is {guess}" if guess else f"there are {', '.join(profile_names())}"
        raise ProfileError(
            f'there is no profile "{name_or_path}"; {hint}; a file of yours ends in {_ENDING}'
        )
    return PROFILES / f"{name_or_path}{_ENDING}"


def _read(table: Table, path: Path) -> Profile:
    kind = table.word("kind", _KINDS)
    if kind == "knee":
        return _common(KneeProfile, table, path)
    if kind == "compare":
        return _common(CompareProfile, table, path)
    return _timeline(table, path)


def _common(
    kind: type[_AnyProfile], table: Table, path: Path, given: dict[str, Any] | None = None
) -> _AnyProfile:
    read = {"name": path.stem, **(given or {})}
    workload = _workload(table, path)
    if workload is not None:
        read[_WORKLOAD] = workload
    elif _WORKLOAD not in read:
        read[_WORKLOAD] = Workload()
    return read_plan(kind, table, given=read, more=("kind", TASKS, _WORKLOAD, *(given or {})))


def _workload(table: Table, path: Path) -> Workload | None:
    """Return the tasks of the profile, or of the file that it names; None if it has none."""
    if TASKS in table.values and _WORKLOAD in table.values:
        table.fail(_WORKLOAD, f"there are {TASKS} here, too; take one of them away")
    if TASKS in table.values:
        return workload_of(table)
    if _WORKLOAD in table.values:
        return load_workload(_beside(table, _WORKLOAD, path))
    return None


def _beside(table: Table, key: str, path: Path) -> Path:
    """Return the file that ``key`` names, from the folder of the profile."""
    file = path.parent / table.text(key, "")
    if not file.is_file():
        table.fail(key, "there is no such file beside the profile")
    return file


def _timeline(table: Table, path: Path) -> TimelineProfile:
    given: dict[str, Any] = {"hours": None, "trace": None}
    if "hours" in table.values:
        given["hours"] = _hours(table.table("hours"))
    if "trace" in table.values:
        replay = _replay(table.table("trace"), path)
        given["trace"] = replay
        recorded = replay.trace.workload()
        if recorded is not None:
            given[_WORKLOAD] = recorded
    return _common(TimelineProfile, table, path, given)


def _hours(table: Table) -> HourlyRates:
    hours = read_plan(HourlyRates, table)
    if len(hours.rates) != HOURS_PER_DAY:
        table.fail(
            "rates", f"it has {len(hours.rates)} numbers; write {HOURS_PER_DAY}, one an hour"
        )
    return hours


def _replay(table: Table, path: Path) -> Replay:
    table.check_keys(("file", "speed"))
    if "file" not in table.values:
        table.fail("file", "write the name of a trace, beside the profile")
    trace = read_trace(_beside(table, "file", path))
    return Replay(trace=trace, speed=table.positive("speed", 1.0))
