"""Run Django's own tests of ``django.tasks`` against our backend: ``nox -s django_suite``.

Exits with 1 if a test fails that is not on the list of differences, or passes although it is.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

import django

FIRST_DJANGO = (6, 0)


def main() -> int:
    """Run them and print what each came to; return the exit code."""
    if django.VERSION < FIRST_DJANGO:
        say(f"Django {django.get_version()} has no django.tasks, so there is nothing to run.")
        return 0
    from engine.django_suite.sources import NoSourcesError, fetch_tests

    with tempfile.TemporaryDirectory(prefix="killproof-django-") as name:
        folder = Path(name)
        try:
            sys.path.insert(0, str(fetch_tests(folder)))
        except NoSourcesError as error:
            say(str(error))
            return 1
        set_up(folder)
        return run()


def set_up(folder: Path) -> None:
    """Set Django up with a database in ``folder``."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "engine.project.settings"
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "unused.sqlite3"),
        "TEST": {"NAME": str(folder / "test.sqlite3")},
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
    os.environ["KILLPROOF_DATABASE"] = json.dumps(database)
    django.setup()


def run() -> int:
    """Run every test on a test database; return the exit code."""
    from django.test.runner import DiscoverRunner

    from engine.django_suite.cases import tests

    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    try:
        problems = {name: problem_of(test) for name, test in tests()}
    finally:
        runner.teardown_databases(databases)
        runner.teardown_test_environment()
    return report(problems)


def problem_of(test: unittest.TestSuite) -> str:
    """Run one test; return the text of its failure, or nothing."""
    result = unittest.TestResult()
    test.run(result)
    return "".join(text for _, text in (*result.errors, *result.failures))


def report(problems: dict[str, str]) -> int:
    """Print a table of passed and differing tests; return the exit code."""
    from engine.django_suite.differences import DIFFERENCES

    surprises = 0
    for name, problem in sorted(problems.items()):
        reason = DIFFERENCES.get(name)
        match bool(problem), reason:
            case False, None:
                say(f"passed   {name}")
            case True, str():
                say(f"differs  {name}: {reason}")
            case True, None:
                surprises += 1
                say(f"FAILED   {name}\n{problem}")
            case _:
                surprises += 1
                say(f"PASSED   {name}, which is on the list of differences: take it off")
    passed = sum(not problem for problem in problems.values())
    say(
        f"Django {django.get_version()}: {passed} of {len(problems)} tests passed, "
        f"{len(problems) - passed} differ, {surprises} against the list"
    )
    return 1 if surprises else 0


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
