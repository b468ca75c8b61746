"""What a run measures on: names that are true, and nothing left when it is over."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.contenders import contender_named
from engine.contenders.contender import ContenderError
from engine.databases import Unavailable, open_database
from loadtests.fleet import meter_folder
from loadtests.laboratory import CONNECTION_SECONDS, FOLDER_PREFIX, Bench, Laboratory
from loadtests.measuring import check_survived
from loadtests.tests.ledgers import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have temporary folders made in the test's own folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give the reference engine on a SQLite file, without tables."""
    with open_database("sqlite", tmp_path) as database:
        contender = contender_named("background_task")
        yield Bench(contender=contender, database=database, broker=None, folder=tmp_path)


def test_a_queue_in_a_database_is_named_with_it(bench: Bench) -> None:
    """The arm of an intervention has its knob in its name."""
    assert (bench.target().contender, bench.target().database) == ("background_task", "sqlite")
    assert bench.target({"workers": 4}).knobs == {"workers": 4}


def test_a_queue_in_a_broker_is_named_without_the_database_beside_it(bench: Bench) -> None:
    """Its figures are not the database's."""
    celery = contender_named("celery-redis-off-late")
    beside = Bench(contender=celery, database=bench.database, broker=None, folder=bench.folder)

    assert beside.target().database is None
    assert beside.broker_pids() == ()


def test_a_site_has_the_settings_that_its_contender_knows(bench: Bench) -> None:
    """Connections are kept, as the manual says that they should be."""
    site = bench.site("step", 3, {"sleep_seconds": 0.1, "gravity": 9.81})

    assert site.settings == {"sleep_seconds": 0.1}
    assert site.processes == 3
    assert site.django_database["CONN_MAX_AGE"] == CONNECTION_SECONDS
    assert site.ledger.is_dir()
    assert meter_folder(site).is_dir()


def test_the_place_of_a_step_is_gone_after_it_however_it_ended(bench: Bench) -> None:
    """Thousands of steps do not fill the disk; one of the same name can follow."""
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt), bench.scratch("step") as site:
            (site.ledger / "1.ledger").write_bytes(b"x")
            raise KeyboardInterrupt
        assert not site.folder.exists()


def test_a_step_whose_database_is_gone_is_none(bench: Bench) -> None:
    """What it refused, it refused because it was dead: no rate failed."""
    with pytest.raises(ContenderError, match=r"^ramp-1 measured nothing: \S"):
        check_survived(bench, PLAN)  # it has no table of the queue's


def test_a_laboratory_that_started_nothing_leaves_nothing(temporary: Path) -> None:
    """Its folder bears its pid while it is open."""
    with Laboratory(provider=None, url=None) as laboratory:
        assert [path.name.startswith(FOLDER_PREFIX) for path in temporary.iterdir()] == [True]
        assert laboratory.what_died() == ""

    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:secret@127.0.0.1:1/killproof_test", "it does not answer"),
        ("mysql://me:secret@127.0.0.1:1/killproof_test", "it does not answer"),
    ],
)
def test_a_database_that_is_not_there_cannot_be_had(temporary: Path, url: str, reason: str) -> None:
    """The sentence says why, and never the password."""
    name = url.partition(":")[0]
    with (
        Laboratory(provider=None, url=url) as laboratory,
        pytest.raises(Unavailable, match=reason) as caught,
    ):
        laboratory.bench(contender_named("background_task"), name)

    assert "secret" not in str(caught.value)
    assert list(temporary.iterdir()) == []


@pytest.mark.processes
def test_a_prepared_bench_can_say_what_it_is(temporary: Path) -> None:
    """Versions, durability and the worker's command, without a path of this machine."""
    with Laboratory(provider=None, url=None) as laboratory:
        bench = laboratory.bench(contender_named("background_task"), "sqlite")
        facts = bench.facts(2)
        check_survived(bench, PLAN)
        assert laboratory.what_died() == ""

    assert set(facts.services) == {"sqlite"}
    assert facts.durability
    assert facts.packages
    assert facts.worker.startswith("python -m ")
    assert str(temporary) not in facts.worker
    assert str(Path.cwd()) not in facts.worker
    assert list(temporary.iterdir()) == []
