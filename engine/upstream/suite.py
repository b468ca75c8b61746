"""Run the tests of 1.2.8 from a folder against our package, and write down how each one ended.

``python -m engine.upstream.suite FOLDER RESULTS`` is a process of its own: it extends the package
``background_task`` by the modules in the folder, and Django's settings are those of the tests.
"""

from __future__ import annotations

import json
import os
import sys
import unittest
import unittest.mock
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import django
from django.test.runner import DiscoverRunner

import background_task

if TYPE_CHECKING:
    from types import TracebackType

SETTINGS: Final = "background_task.tests.test_settings"
TESTS: Final = "background_task.tests.test_tasks"

_Error = tuple[type[BaseException], BaseException, "TracebackType | None"]


class Results(unittest.TextTestResult):
    """Notes the last line of what each test raised, or an empty text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ended: dict[str, str] = {}

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        """Note a test that ended without an error."""
        self.ended.setdefault(_name(test), "")
        super().stopTest(test)

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        """Note what a test raised."""
        self._note(test, err)
        super().addError(test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        """Note what a test asserted in vain."""
        self._note(test, err)
        super().addFailure(test, err)

    def _note(self, test: unittest.TestCase, err: _Error) -> None:
        first_line = str(err[1]).partition("\n")[0]
        self.ended[_name(test)] = f"{err[0].__name__}: {first_line}"


class Runner(DiscoverRunner):
    """Django's runner, which keeps how each test ended."""

    def get_resultclass(self) -> type[Results]:
        """Return the class of the results."""
        return Results

    def suite_result(self, suite: unittest.TestSuite, result: Any, **kwargs: Any) -> int:
        """Keep how each test ended."""
        self.ended: dict[str, str] = result.ended
        return super().suite_result(suite, result, **kwargs)


def run(folder: Path, results: Path) -> None:
    """Run the tests and write their ends to a file, as JSON."""
    background_task.__path__.append(str(folder / "background_task"))
    # The suite asks for the package from which unittest.mock came.
    sys.modules["mock"] = unittest.mock
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    django.setup()
    runner = Runner(verbosity=0, interactive=False)
    runner.run_tests([TESTS])
    results.write_text(json.dumps(runner.ended))


def _name(test: unittest.TestCase) -> str:
    return ".".join(test.id().split(".")[-2:])


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
