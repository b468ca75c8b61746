"""Refuses a profile whose values are fine one by one and make no sense together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.plans import HOURS_PER_DAY
from loadtests.profile_kinds import CompareProfile, KneeProfile, TimelineProfile
from loadtests.toml_table import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from loadtests.plans import HourlyRates
    from loadtests.profile_kinds import Profile
    from loadtests.toml_table import Table

_LOADS: Final = ("pieces", "hours", "trace")


def check_sense(profile: Profile, table: Table, contenders: Collection[str]) -> None:
    """Raise ProfileError for the first thing that makes no sense.

    Args:
        profile: as it was read.
        table: of the whole file, for the lines of its keys.
        contenders: the names that there are; () to take any name.
    """
    if not profile.databases:
        table.fail("databases", "write at least one")
    _check_distinct(profile.databases, "databases", table)
    if isinstance(profile, KneeProfile):
        _check_knee(profile, table)
        _check_contender(profile.contender, table, "contender", contenders)
    elif isinstance(profile, TimelineProfile):
        _check_timeline(profile, table)
        _check_contender(profile.contender, table, "contender", contenders)
    elif isinstance(profile, CompareProfile):
        _check_compare(profile, table, contenders)
    _check_budget(profile, table)


def _check_distinct(values: Collection[object], key: str, table: Table) -> None:
    if len(set(values)) != len(values):
        table.fail(key, "write each one once")


def _check_contender(name: str, table: Table, key: str | int, contenders: Collection[str]) -> None:
    is_of_ones_own = ":" in name
    if contenders and not is_of_ones_own:
        _check_name(name, table, key, contenders)


def _check_name(name: str, table: Table, key: str | int, known: Collection[str]) -> None:
    if name not in known:
        guess = nearest(name, known)
        hint = f'did you mean "{guess}"?' if guess else f"there are {', '.join(known)}"
        table.fail(key, hint, name)


def _check_knee(profile: KneeProfile, table: Table) -> None:
    plan, search = profile.search, table.table("search")
    if plan.max_rate < plan.start_rate:
        search.fail(
            "max_rate",
            f"it must not be below start_rate, which is {plan.start_rate:g}",
            plan.max_rate,
        )
    steps = plan.ramp_steps()
    if plan.max_trials < steps:
        search.fail(
            "max_trials",
            f"the ramp from {plan.start_rate:g} to {plan.max_rate:g} alone takes {steps}; "
            f"raise it, or factor",
            plan.max_trials,
        )
    if profile.flips.knobs:
        _check_knobs(profile.flips.knobs, table.table("flips"))


def _check_knobs(names: tuple[str, ...], table: Table) -> None:
    from loadtests.knobs import KNOBS

    for at, name in enumerate(names):
        _check_name(name, table.items("knobs"), at, KNOBS)
    _check_distinct(names, "knobs", table)


def _check_timeline(profile: TimelineProfile, table: Table) -> None:
    loads = [key for key in _LOADS if key in table.values]
    if not loads:
        table.fail("pieces", "write [[pieces]] with seconds and rate, or [hours], or [trace]")
    if len(loads) > 1:
        table.fail(loads[1], f"there is {loads[0]}, too; take one of them away")
    if profile.hours is None and profile.trace is None and not profile.pieces:
        table.fail("pieces", "write at least one piece with seconds and rate")
    if profile.hours is not None:
        _check_bursts(profile.hours, table.table("hours"))
    duration = profile.duration_seconds()
    if profile.window_seconds > duration:
        sentence = f"the whole load takes {duration:g} seconds; make it shorter"
        table.fail("window_seconds", sentence, profile.window_seconds)
    for event, place in zip(profile.events, table.tables("events"), strict=True):
        if event.at_seconds >= duration:
            place.fail("at_seconds", f"the load is over after {duration:g} seconds")


def _check_bursts(hours: HourlyRates, table: Table) -> None:
    every, day = hours.burst_every_seconds, hours.hour_seconds * HOURS_PER_DAY
    if hours.burst_seconds >= every:
        sentence = f"it must be below burst_every_seconds, which is {every:g}"
        table.fail("burst_seconds", sentence, hours.burst_seconds)
    if hours.burst_factor != 1 and every > day:
        sentence = f"the whole day takes {day:g} seconds, so that no burst ever comes"
        table.fail("burst_every_seconds", sentence, every)


def _check_compare(profile: CompareProfile, table: Table, contenders: Collection[str]) -> None:
    if not profile.contenders:
        table.fail("contenders", "write at least one")
    _check_distinct(profile.contenders, "contenders", table)
    for at, name in enumerate(profile.contenders):
        _check_contender(name, table.items("contenders"), at, contenders)
    _check_reference(profile, table.table("reference"))
    plan = profile.semantics
    _check_distinct(plan.faults, "faults", table.table("semantics"))
    needed = plan.rate * plan.work_ms / 1000
    if needed >= plan.workers:
        table.table("semantics").fail(
            "rate", f"it keeps {needed:g} workers busy, and there are {plan.workers}", plan.rate
        )


def _check_reference(profile: CompareProfile, table: Table) -> None:
    reference = profile.reference
    if reference in profile.cells():
        return
    if reference.contender not in profile.contenders:
        table.fail("contender", "it must be one of contenders", reference.contender)
    known = [cell.database for cell in profile.cells() if cell.contender == reference.contender]
    words = " or ".join(f'"{name}"' for name in known)
    table.fail("database", f"write {words}", reference.database)


def _check_budget(profile: Profile, table: Table) -> None:
    needed = profile.estimated_seconds() / len(profile.databases)
    if needed > profile.budget_seconds:
        sentence = f"this profile may take {needed:.0f} seconds on each database; raise it to that"
        table.fail("budget_seconds", f"{sentence}, or ask for less", profile.budget_seconds)
