"""Which runs may be compared: the same profile, to the digest, on whichever machines.

What may not be compared is refused with a sentence that names both and the first difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from reports.throughput.stored import BadLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.throughput.stored import LoadRun

_MOST_DIFFERENCES = 3
_GIBIBYTE = 2**30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where runs were made; two runs with the same of all this are of one machine."""

    label: str
    cpu_model: str
    cores: int
    memory_gib: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key of two profile documents with its two values; None where a key is missing."""

    key: str
    first: Any
    second: Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Two profiles that are not compared, and where their documents first differ."""

    first: LoadRun
    second: LoadRun
    differences: tuple[Difference, ...]


def machine_of(run: LoadRun) -> Machine:
    """Return the machine that a run was made on, as its environment has it."""
    environment = run.manifest.environment
    memory = environment.get("memory_bytes") or 0
    return Machine(
        label=str(environment.get("label") or ""),
        cpu_model=str(environment.get("cpu_model") or "a CPU that was not named"),
        cores=int(environment.get("cpus") or 0),
        memory_gib=round(memory / _GIBIBYTE),
    )


def machines_of(runs: Sequence[LoadRun]) -> list[Machine]:
    """Return the machines of runs, each once, in the order in which they appear."""
    return list(dict.fromkeys(machine_of(run) for run in runs))


def comparable(runs: Sequence[LoadRun]) -> list[list[LoadRun]]:
    """Put together the runs that may be compared with one another.

    One profile offered to several databases is a group for each: their figures stand side by side.

    Raises:
        BadLoadError: two runs say that they are of one profile and are not.
    """
    groups: dict[str, list[LoadRun]] = {}
    for run in runs:
        groups.setdefault(run.manifest.profile_digest, []).append(run)
    for refusal in refusals(list(groups.values())):
        if _is_contradiction(refusal):
            raise BadLoadError(explain(refusal))
    return list(groups.values())


def _is_contradiction(refusal: Refusal) -> bool:
    """Whether both claim one profile, but were told apart by more than the databases asked for."""
    same_name = refusal.first.manifest.profile == refusal.second.manifest.profile
    return same_name and any(found.key != "databases" for found in refusal.differences)


def refusals(groups: Sequence[Sequence[LoadRun]]) -> list[Refusal]:
    """Return one refusal for every two profiles."""
    return [
        Refusal(
            first=one[0],
            second=other[0],
            differences=tuple(
                differences(one[0].manifest.profile_document, other[0].manifest.profile_document)
            ),
        )
        for one, other in combinations(groups, 2)
    ]


def differences(first: Any, second: Any, path: str = "") -> Iterator[Difference]:
    """Yield the first keys in which two documents differ, by their names."""
    found = _differences(first, second, path)
    for difference, _ in zip(found, range(_MOST_DIFFERENCES), strict=False):
        yield difference


def _differences(first: Any, second: Any, path: str) -> Iterator[Difference]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in sorted({*first, *second}):
            below = f"{path}.{key}" if path else str(key)
            yield from _differences(first.get(key), second.get(key), below)
    elif first != second:
        yield Difference(key=path, first=first, second=second)


def explain(refusal: Refusal) -> str:
    """Say in one sentence which runs are not compared and why, for the terminal."""
    one, other = refusal.first, refusal.second
    where = ", ".join(f"{d.key} ({d.first!r} and {d.second!r})" for d in refusal.differences)
    return (
        f"{one.folder} (profile {one.manifest.profile}, {one.manifest.profile_digest}) and "
        f"{other.folder} (profile {other.manifest.profile}, {other.manifest.profile_digest}) are "
        f"not compared, as their profiles differ in {where or 'nothing but their digest'}: "
        "report them apart, or run one again with the profile of the other."
    )
