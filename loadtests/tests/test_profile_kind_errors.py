"""Profiles that make no sense for their kind: a knee, a timeline, a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.tests.refused_profiles import KNEE, PIECES, assert_refused

if TYPE_CHECKING:
    from pathlib import Path

COMPARE = 'kind = "compare"\nbudget_seconds = 9999\ndatabases = ["postgresql"]\n'
REFERENCE = '[reference]\ncontender = "background_task"\n'
NO_BURST = "so that no burst ever comes"
RAISE = "raise it to that, or ask for less"

BAD = {
    # Knee.
    "maximum below start": (
        f"{KNEE}[search]\nmax_rate = 50\n",
        3,
        "search.max_rate is 50; it must not be below start_rate, which is 100",
    ),
    "start above the default maximum": (
        f"{KNEE}[search]\nstart_rate = 5000\n",
        2,
        "search.max_rate is 3000; it must not be below start_rate, which is 5000",
    ),
    "too few trials": (
        f"{KNEE}[search]\nmax_trials = 3\n",
        3,
        "search.max_trials is 3; the ramp from 100 to 3000 alone takes 9; raise it, or factor",
    ),
    "over budget": (
        f"{KNEE}hold_seconds = 900\n",
        1,
        f"budget_seconds is 600; this profile may take 1140 seconds on each database; {RAISE}",
    ),
    # Timeline.
    "no load": (
        'kind = "timeline"\n',
        1,
        "the file has no pieces; write [[pieces]] with seconds and rate, or [hours], or [trace]",
    ),
    "empty pieces": (
        'kind = "timeline"\npieces = []\n',
        2,
        "pieces is []; write at least one piece with seconds and rate",
    ),
    "two loads": (
        f"{PIECES}[hours]\nrates = [{'1, ' * 24}]\n",
        5,
        "hours is ",
    ),
    "piece without rate": (
        f"{PIECES}\n[[pieces]]\nseconds = 5\n",
        6,
        "pieces[1] has no rate; write a number of tasks per second, 0 or more",
    ),
    "piece without length": (
        f"{PIECES}[[pieces]]\nseconds = 0\nrate = 1\n",
        6,
        "pieces[1].seconds is 0; write a number of seconds above 0",
    ),
    "hours": (
        'kind = "timeline"\n[hours]\nhour_seconds = 5\nrates = [1, 2, 3]\n',
        4,
        "hours.rates is [1, 2, 3]; it has 3 numbers; write 24, one an hour",
    ),
    "negative hour": (
        'kind = "timeline"\n[hours]\nrates = [1,\n-2, 3]\n',
        4,
        "hours.rates[1] is -2; write a number of tasks per second, 0 or more",
    ),
    "bursts without end": (
        f"kind = 'timeline'\n[hours]\nrates = [{'1, ' * 24}]\nburst_seconds = 60\n",
        4,
        "hours.burst_seconds is 60; it must be below burst_every_seconds, which is 60",
    ),
    "bursts that never come": (
        f"kind = 'timeline'\n[hours]\nhour_seconds = 2\nrates = [{'1, ' * 24}]\nburst_factor = 2\n",
        2,
        f"hours.burst_every_seconds is 60; the whole day takes 48 seconds, {NO_BURST}",
    ),
    "window": (
        f"window_seconds = 90\n{PIECES}",
        1,
        "window_seconds is 90; the whole load takes 60 seconds; make it shorter",
    ),
    "event": (
        f'{PIECES}[[events]]\nkind = "idle"\nat_seconds = 5\nseconds = 5\n',
        6,
        'events[0].kind is "idle"; ',
    ),
    "late event": (
        f'{PIECES}[[events]]\nkind = "idle_in_transaction"\nat_seconds = 70\nseconds = 5\n',
        7,
        "events[0].at_seconds is 70; the load is over after 60 seconds",
    ),
    "no trace": (
        'kind = "timeline"\n[trace]\nfile = "none.csv"\n',
        3,
        'trace.file is "none.csv"; there is no such file beside the profile',
    ),
    "trace without file": (
        'kind = "timeline"\n[trace]\nspeed = 2\n',
        2,
        "trace has no file; write the name of a trace, beside the profile",
    ),
    # Compare.
    "no contenders": (COMPARE, 1, "the file has no contenders; write at least one"),
    "unknown contender": (
        f'{COMPARE}contenders = ["background_task",\n  "celery-redis-off-lat"]\n',
        5,
        'contenders[1] is "celery-redis-off-lat"; did you mean "celery-redis-off-late"?',
    ),
    "reference": (
        f'{COMPARE}contenders = ["celery-redis-off-late"]\n',
        1,
        'reference.contender is "background_task"; it must be one of contenders',
    ),
    "database of the reference": (
        f"{COMPARE}contenders = ['background_task']\n{REFERENCE}database = 'sqlite'\n",
        7,
        'reference.database is "sqlite"; write "postgresql"',
    ),
    "reference without contender": (
        f'{COMPARE}contenders = ["background_task"]\n[reference]\ndatabase = "sqlite"\n',
        5,
        "reference has no contender; write a text in quotes",
    ),
    "fault": (
        f'{COMPARE}contenders = ["background_task"]\nsemantics.faults = ["host"]\n',
        5,
        'semantics.faults[0] is "host"; write one of "child", "worker"',
    ),
    "kills of busy workers": (
        f'{COMPARE}contenders = ["background_task"]\n[semantics]\nrate = 50\n',
        6,
        "semantics.rate is 50; it keeps 10 workers busy, and there are 4",
    ),
}


@pytest.mark.parametrize(("text", "line", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_profile_is_one_sentence_with_its_line(
    text: str, line: int, sentence: str, tmp_path: Path
) -> None:
    """Values that are right alone and do not go together name each other."""
    assert_refused(text, line, sentence, tmp_path)
