"""One server for all planted faults, and one step without any of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from engine.contenders import contender_named
from loadtests.laboratory import Laboratory
from loadtests.tests.planted.planting import measured_calmly, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadtests.laboratory import Bench
    from reports.load_steps import Step

RATE = 40.0
CONTENDERS = "loadtests.tests.planted.contenders"


@pytest.fixture(scope="session")
def laboratory() -> Iterator[Laboratory]:
    """Return a place with servers of its own."""
    with Laboratory(provider="embedded", url=None) as place:
        yield place


@pytest.fixture(scope="session")
def bench(laboratory: Laboratory) -> Bench:
    """Return the reference engine on PostgreSQL."""
    return laboratory.bench(contender_named("background_task"), "postgresql")


@pytest.fixture(scope="session")
def faulty(bench: Bench) -> Callable[[str], Bench]:
    """Return what gives the same bench with another contender, which has the same tables."""

    def replaced(name: str) -> Bench:
        return dataclasses.replace(bench, contender=contender_named(f"{CONTENDERS}:{name}"))

    return replaced


@pytest.fixture(scope="session")
def calm(bench: Bench) -> Step:
    """Return the step that the faults are put into, without any: the harmless twin of them all."""
    return measured_calmly(bench, plan("calm", RATE))
