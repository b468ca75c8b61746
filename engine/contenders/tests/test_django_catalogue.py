"""The catalogue: what there is, what a wrong name leads to, and one's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.contenders import CONTENDERS, contender_named
from engine.contenders.background_task import BackgroundTask
from engine.subjects import SubjectUnavailableError

REPOSITORY = Path(__file__).resolve().parents[3]
OWN = BackgroundTask()


def test_the_reference_engine_comes_first() -> None:
    """Pages list contenders in this order."""
    assert list(CONTENDERS)[:3] == ["background_task", "django-tasks-db", "django-background-tasks"]


def test_a_contender_goes_by_the_name_it_is_listed_under() -> None:
    """What people type is what pages say."""
    assert [contender.name for contender in CONTENDERS.values()] == list(CONTENDERS)


def test_an_unknown_name_is_refused_with_all_names_that_there_are() -> None:
    """Whoever mistyped need not look it up."""
    with pytest.raises(SubjectUnavailableError, match=r"no contender 'celery-kafka'.*django-tasks"):
        contender_named("celery-kafka")


@pytest.mark.parametrize("attribute", ["OWN", "BackgroundTask"])
def test_a_contender_of_ones_own_is_named_by_its_module(attribute: str) -> None:
    """An object and a class of them both do."""
    own = contender_named(f"{__name__}:{attribute}")

    assert own.name == "background_task"


@pytest.mark.parametrize(
    "path", ["no.such.module:OWN", f"{__name__}:NONE", f"{__name__}:REPOSITORY", ":"]
)
def test_what_is_no_contender_is_refused_in_one_sentence(path: str) -> None:
    """A wrong module, a wrong attribute, another kind of object."""
    with pytest.raises(SubjectUnavailableError) as refusal:
        contender_named(path)

    assert path in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_producer_imports_no_contender_but_its_own() -> None:
    """In a contender's environment there is nothing of the others'."""
    code = (
        "import sys, engine.contenders.producers.connecting\n"
        "sys.exit(any('catalogue' in name for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)

    assert done.returncode == 0
