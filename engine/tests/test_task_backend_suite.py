"""The verdict on Django's own tests: the list of differences is exact, or the run fails."""

from __future__ import annotations

import pytest

from engine.django_suite.__main__ import report
from engine.django_suite.differences import DIFFERENCES

LISTED, *_ = DIFFERENCES


@pytest.mark.parametrize(
    ("problems", "code", "line"),
    [
        ({"Case.test_new": ""}, 0, "passed   Case.test_new"),
        ({LISTED: "it differs"}, 0, f"differs  {LISTED}: {DIFFERENCES[LISTED]}"),
        ({"Case.test_new": "it broke"}, 1, "FAILED   Case.test_new"),
        ({LISTED: ""}, 1, f"PASSED   {LISTED}, which is on the list of differences: take it off"),
    ],
)
def test_every_surprise_fails_the_run(
    capsys: pytest.CaptureFixture[str], problems: dict[str, str], code: int, line: str
) -> None:
    """A failure that is not listed is one, and so is a pass that is."""
    assert report(problems) == code
    assert line in capsys.readouterr().out.splitlines()
