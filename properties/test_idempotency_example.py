"""The example of docs/idempotency.md comes out as that page says, in a project of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.provenance import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = REPOSITORY / "docs" / "examples" / "idempotent_shop"
PAGE = REPOSITORY / "docs" / "idempotency.md"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a copy of the example, as running it leaves files there."""
    ignored = shutil.ignore_patterns("__pycache__", ".*", "*.sqlite3")
    return shutil.copytree(EXAMPLE, tmp_path / "shop", ignore=ignored)


def run_pytest(shop: Path, *arguments: str) -> tuple[int, str]:
    """Run the tests of the shop as its people do; return the exit code and what was printed."""
    paths = [str(REPOSITORY), str(REPOSITORY / "engine")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}
    for name in ("DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    # An editable install makes the plugin known; a checkout on the path does not.
    plugin = ("-p", "properties.idempotency.plugin", "-W", "error", "-p", "no:randomly")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *arguments],
        cwd=shop,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_right_tasks_of_the_example_pass(shop: Path) -> None:
    """With the fixture, its own settings and its own bank that is a fake."""
    code, printed = run_pytest(shop, "tests/test_tasks.py")

    assert code == 0, printed
    assert "5 passed" in printed


def test_the_wrong_tasks_of_the_example_fail_with_their_plans(shop: Path) -> None:
    """Each report holds the first delivery as the docstring of the task foretells it."""
    code, printed = run_pytest(shop, "tests/test_wrong_tasks.py")

    assert (code, "4 failed" in printed) == (1, True), printed
    assert re.findall(r'^E +delivery 1: (.*?)(?: "shop_.*)?$', printed, re.MULTILINE) == [
        "whole",
        "killed after the call of gateway.charge",
        "killed after UPDATE",
        "killed after COMMIT",
    ]


def test_the_report_on_the_page_is_what_the_example_prints(shop: Path) -> None:
    """People compare the two."""
    _, printed = run_pytest(shop, "tests/test_wrong_tasks.py", "-k", "stock")
    report = [line[1:] for line in printed.splitlines() if line.startswith("E ")]
    page = without_sql(PAGE.read_text().splitlines())

    assert len(report) > 10, printed
    assert [line for line in without_sql(report) if line not in page] == []


def without_sql(lines: list[str]) -> list[str]:
    """Return lines without their indentation and the SQL, which Django words as it likes."""
    return [re.sub(r"UPDATE .*? \.\.\.", "UPDATE ...", line.strip()) for line in lines]


SETTINGS = """
SECRET_KEY = "none"
INSTALLED_APPS = ["notes"]
DATABASES = {
    name: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    for name in ("default", "archive", "locked")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
MODELS = """
from django.db import models

class Note(models.Model):
    text = models.TextField()
"""
TESTS = """
import pytest
from django.db import transaction
from notes.models import Note

def move(text):
    with transaction.atomic(), transaction.atomic("archive"):
        if Note.objects.filter(text=text).delete()[0]:
            Note.objects.using("archive").create(text=text)

def keep(text):
    Note.objects.using("archive").get_or_create(text=text)
    Note.objects.get_or_create(text=text)

@pytest.mark.parametrize("task", [move, keep])
@pytest.mark.django_db(databases=["default", "archive"])
def test_notes(assert_idempotent, task):
    Note.objects.create(text="a")
    assert_idempotent(task, "a")
    assert Note.objects.using("archive").count() == 0
"""


def test_every_database_that_the_test_may_use_is_compared(tmp_path: Path) -> None:
    """Two commits are never one, rows with one id in two databases are two, others are let be."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "__init__.py").touch()
    (tmp_path / "notes" / "models.py").write_text(MODELS)
    (tmp_path / "two_databases.py").write_text(SETTINGS)
    (tmp_path / "test_notes.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\nDJANGO_SETTINGS_MODULE = two_databases\n"
    )

    _, printed = run_pytest(tmp_path)

    assert "1 failed, 1 passed" in printed, printed
    assert "move is not idempotent: killed after COMMIT on archive and" in printed
    assert "notes.Note@archive  -                   text='a'" in printed
