"""Each broken engine is caught by its name, within its budget; each right one stays clean.

``nox -s zoo`` runs this. The rows of its table are stored below ``KILLPROOF_ZOO``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaos.zoo import SPECIMENS
from chaos.zoo.correct import CORRECT
from properties.races import RACES
from properties.zoo import hunting
from properties.zoo.catches import Catch, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.databases import QueueDatabase
    from chaos.zoo import Specimen
    from chaos.zoo.engine import ChangedEngine
    from properties.interleaving import Sessions
    from properties.search import Found

DATABASE = os.environ.get("KILLPROOF_TEST_DATABASE", "sqlite")
SEEDS = range(1, 1 + int(os.environ.get("KILLPROOF_ZOO_SEEDS", "1")))
FOLDER = Path(os.environ.get("KILLPROOF_ZOO", "reports/zoo"))
HERE = [specimen for specimen in SPECIMENS if DATABASE in specimen.databases]
OF_CHAOS = [specimen for specimen in HERE if specimen.layer == "chaos"]
IN_PROCESS = [specimen for specimen in HERE if specimen.layer != "chaos"]
RIGHT_EXAMPLES = 5 * len(SEEDS)


def hunt(specimen: Specimen, database: QueueDatabase, sessions: Sessions, number: int) -> Found:
    """Hunt a specimen once, in its layer."""
    match specimen.layer:
        case "model":
            return hunting.in_model(number, specimen.budget)
        case "interleaving":
            where = specimen.where
            budget = specimen.budget
            return hunting.in_race(where, database, sessions, number, budget=budget, faults=0)
        case _:
            return hunting.in_crash_points(specimen.where, database, sessions)


def catch(specimen: Specimen, found: Sequence[Found]) -> Catch:
    """Return the row of a specimen."""
    row = Catch(
        specimen=specimen.name,
        summary=specimen.summary,
        provenance=specimen.provenance,
        layer=specimen.layer,
        where=specimen.where,
        database=DATABASE,
        budget=specimen.budget,
        wanted=tuple(sorted(specimen.anomalies)),
        named=tuple(one.name for one in found),
        examples=tuple(one.examples for one in found),
        seconds=tuple(round(one.seconds, 2) for one in found),
        counterexample=min((one.counterexample for one in found), key=len),
    )
    store(FOLDER, row)
    return row


@pytest.mark.parametrize("specimen", IN_PROCESS, ids=lambda specimen: specimen.name)
def test_a_broken_engine_is_caught_by_its_name(
    database: QueueDatabase, sessions: Sessions, specimen: Specimen
) -> None:
    """In its layer, from every seed, within its budget; and it did its wrong."""
    with specimen.applied() as change:
        found = [hunt(specimen, database, sessions, number) for number in SEEDS]

    row = catch(specimen, found)
    assert change.was_exercised, f"{specimen.name} was never broken"
    assert row.is_right, f"{row.named} instead of {row.wanted}:\n{row.counterexample}"


@pytest.mark.parametrize("specimen", OF_CHAOS, ids=lambda specimen: specimen.name)
def test_a_broken_engine_is_caught_among_real_processes(tmp_path: Path, specimen: Specimen) -> None:
    """Its run is INVALID, and its anomaly is named."""
    found = [hunting.in_chaos(specimen, DATABASE, number, tmp_path) for number in SEEDS]

    row = catch(specimen, found)
    assert row.is_right, f"{row.named} instead of {row.wanted}"


@pytest.mark.parametrize("engine", CORRECT, ids=lambda engine: engine.name)
def test_an_engine_that_is_right_in_another_way_stays_clean(
    database: QueueDatabase, sessions: Sessions, engine: ChangedEngine
) -> None:
    """In all races, whatever goes wrong in them, and beside the model."""
    if DATABASE not in engine.databases:
        pytest.skip(f"{engine.name} is for {', '.join(engine.databases)}")
    with engine.applied() as change:
        found = [
            hunting.in_race(name, database, sessions, 1, budget=RIGHT_EXAMPLES, faults=faults)
            for name in RACES
            for faults in (0, 2)
        ]
        found.append(hunting.in_model(1, RIGHT_EXAMPLES))

    assert change.was_exercised, f"{engine.name} was never another"
    store(
        FOLDER,
        Catch(
            specimen=engine.name,
            summary=engine.summary,
            provenance=engine.provenance,
            layer="all",
            where="",
            database=DATABASE,
            budget=RIGHT_EXAMPLES,
            wanted=(),
            named=tuple(one.name for one in found if one.name),
            examples=(sum(one.examples for one in found),),
            seconds=(round(sum(one.seconds for one in found), 2),),
        ),
    )
    assert [one.counterexample for one in found if one.name] == []
