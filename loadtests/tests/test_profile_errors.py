"""Bad keys and values of any profile: each is one sentence that says what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.tests.refused_profiles import KNEE, PIECES, assert_refused

if TYPE_CHECKING:
    from pathlib import Path

BAD = {
    # The file.
    "empty": ("", 1, 'the file has no kind; write one of "knee", "timeline", "compare"'),
    "kind": ('\nkind = "kne"\n', 2, 'kind is "kne"; did you mean "knee"?'),
    "kind of number": ("kind = 1\n", 1, 'kind is 1; write one of "knee", "timeline", "compare"'),
    # Keys.
    "unknown key": (
        f"{KNEE}# a\nwindow_second = 5\n",
        3,
        "there is no key window_second; did you mean window_seconds?",
    ),
    "unknown key in a table": (
        f"{KNEE}[search]\nstart_rate = 5\nmaxrate = 9\n",
        4,
        "there is no key search.maxrate; did you mean max_rate?",
    ),
    "unknown dotted key": (
        f"{KNEE}rules.goodput = 0.9\n",
        2,
        "there is no key rules.goodput; did you mean goodput_share?",
    ),
    "key of another kind": (
        f"{PIECES}[search]\nfactor = 2\n",
        5,
        "there is no key search; write one of ",
    ),
    # Types.
    "text for seconds": (
        f'{KNEE}warmup_seconds = "2 s"\n',
        2,
        'warmup_seconds is "2 s"; write a number of seconds, 0 or more',
    ),
    "true for a number": (
        f"{KNEE}window_seconds = true\n",
        2,
        "window_seconds is true; write a number of seconds above 0",
    ),
    "infinite": (
        f"{KNEE}window_seconds = inf\n",
        2,
        "window_seconds is Infinity; write a number of seconds above 0",
    ),
    "part of a worker": (
        f"{KNEE}workers = 1.5\n",
        2,
        "workers is 1.5; write a whole number, 1 or more",
    ),
    "no worker": (f"{KNEE}workers = 0\n", 2, "workers is 0; write a whole number, 1 or more"),
    "summary": (f"{KNEE}summary = 5\n", 2, "summary is 5; write a text in quotes"),
    "spacing": (
        f'{KNEE}spacing = "posson"\n',
        2,
        'spacing is "posson"; did you mean "poisson"?',
    ),
    "a value for a table": (
        f"{KNEE}\nsearch = 5\n",
        3,
        "search is 5; write a table: [search] and its keys below",
    ),
    "a table for tables": (
        'kind = "timeline"\n[pieces]\nseconds = 5\nrate = 1\n',
        2,
        'pieces is {"seconds": 5, "rate": 1}; write tables: [[pieces]] and the keys of each below',
    ),
    "a word for a list": (
        f'{KNEE}databases = "sqlite"\n',
        2,
        'databases is "sqlite"; write a list in brackets',
    ),
    # Ranges.
    "negative rate": (
        f"{PIECES}[[pieces]]\nseconds = 5\nrate = -1\n",
        7,
        "pieces[1].rate is -1; write a number of tasks per second, 0 or more",
    ),
    "share over 1": (
        f"{KNEE}[rules]\n\ngoodput_share = 99\n",
        4,
        "rules.goodput_share is 99; write a number between 0 and 1",
    ),
    "share in a list": (
        f"{KNEE}[bystander]\nshares = [\n  0,\n  80,\n]\n",
        5,
        "bystander.shares[1] is 80; write a number between 0 and 1",
    ),
    "factor 1": (
        f"{KNEE}[search]\nfactor = 1\n",
        3,
        "search.factor is 1; write a number above 1",
    ),
    # Words.
    "database": (
        f'{KNEE}databases = ["sqlite", "postgres"]\n',
        2,
        'databases[1] is "postgres"; did you mean "postgresql"?',
    ),
    "no database": (f"{KNEE}databases = []\n", 2, "databases is []; write at least one"),
    "database twice": (
        f'{KNEE}databases = ["sqlite", "sqlite"]\n',
        2,
        'databases is ["sqlite", "sqlite"]; write each one once',
    ),
    "contender": (
        f'{KNEE}\ncontender = "backgroundtask"\n',
        3,
        'contender is "backgroundtask"; did you mean "background_task"?',
    ),
    "knob": (
        f'{KNEE}[flips]\nknobs = ["durabilty"]\n',
        3,
        'flips.knobs[0] is "durabilty"; did you mean "durability"?',
    ),
    "knob of number": (
        f"{KNEE}[flips]\nknobs = [1]\n",
        3,
        "flips.knobs[0] is 1; write a text in quotes",
    ),
}


@pytest.mark.parametrize(("text", "line", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_profile_is_one_sentence_with_its_line(
    text: str, line: int, sentence: str, tmp_path: Path
) -> None:
    """Keys, types, ranges and words: the nearest right one is told, or all that there are."""
    assert_refused(text, line, sentence, tmp_path)
