"""Bad profiles: each is one sentence that names file, line and key, and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.profile import ProfileError, load_profile, load_workload

if TYPE_CHECKING:
    from pathlib import Path

KNEE = 'kind = "knee"\n'
PIECES = 'kind = "timeline"\n[[pieces]]\nseconds = 60\nrate = 2\n'
TASKS = f'{KNEE}\n[[tasks]]\nname = "one"\n\n[[tasks]]\n'
TASKS_LINE = 7
COMPARE = 'kind = "compare"\nbudget_seconds = 9999\ndatabases = ["postgresql"]\n'
REFERENCE = '[reference]\ncontender = "background_task"\n'
CONTENDERS = ("background_task", "celery-redis-off-late")
NO_BURST = "so that no burst ever comes"
RAISE = "raise it to that, or ask for less"
RANGE = "write a number of bytes, or a table such as {low = 100, high = 2000}"
MEDIAN = "write a number of milliseconds, or a table such as {median = 20, p95 = 80}"

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
    # Tasks.
    "work": (
        f'{TASKS}work_ms = "fast"\n',
        TASKS_LINE,
        f'tasks[1].work_ms is "fast"; {MEDIAN}',
    ),
    "negative work": (
        f"{TASKS}work_ms = -3\n",
        TASKS_LINE,
        "tasks[1].work_ms is -3; write a number of milliseconds, 0 or more",
    ),
    "no distribution": (
        f"{TASKS}work_ms = {{maximum = 3}}\n",
        TASKS_LINE,
        f"tasks[1].work_ms is no distribution; {MEDIAN}",
    ),
    "half a distribution": (
        f"{TASKS}work_ms = {{median = 3}}\n",
        TASKS_LINE,
        "tasks[1].work_ms has no p95; it needs median and p95",
    ),
    "the other half": (
        f"{TASKS}work_ms = {{p95 = 3}}\n",
        TASKS_LINE,
        "tasks[1].work_ms has no median; it needs median and p95",
    ),
    "two distributions": (
        f"{TASKS}work_ms = {{median = 3, p95 = 5, mean = 4}}\n",
        TASKS_LINE,
        "tasks[1].work_ms.median is 3; it does not go with mean",
    ),
    "unknown key of a distribution": (
        f"{TASKS}work_ms = {{median = 3, p99 = 5}}\n",
        TASKS_LINE,
        "there is no key tasks[1].work_ms.p99; did you mean p95?",
    ),
    "distribution upside down": (
        f"{TASKS}\n[tasks.work_ms]\nmedian = 30\np95 = 20\n",
        TASKS_LINE + 3,
        "tasks[1].work_ms.p95 is 20; it must not be below the median, which is 30",
    ),
    "range upside down": (
        f"{TASKS}payload_bytes = {{low = 30, high = 20}}\n",
        TASKS_LINE,
        "tasks[1].payload_bytes.high is 20; it must not be below low, which is 30",
    ),
    "no values": (
        f"{TASKS}work_ms = {{values = []}}\n",
        TASKS_LINE,
        "tasks[1].work_ms.values is []; write at least one number",
    ),
    "weights": (
        f"{TASKS}work_ms = {{values = [1, 2], weights = [1]}}\n",
        TASKS_LINE,
        "tasks[1].work_ms.weights is [1]; write one weight for each of the values",
    ),
    "weights of nothing": (
        f"{TASKS}work_ms = {{values = [1, 2], weights = [0, 0]}}\n",
        TASKS_LINE,
        "tasks[1].work_ms.weights is [0, 0]; at least one must be above 0",
    ),
    "value that is none": (
        f"{TASKS}work_ms = {{values = [\n1,\n'a']}}\n",
        TASKS_LINE + 2,
        'tasks[1].work_ms.values[1] is "a"; write a number, 0 or more',
    ),
    "payload": (
        f"{TASKS}payload_bytes = true\n",
        TASKS_LINE,
        f"tasks[1].payload_bytes is true; {RANGE}",
    ),
    "retry share": (
        f"{TASKS}retry_share = 1.1\n",
        TASKS_LINE,
        "tasks[1].retry_share is 1.1; write a number between 0 and 1",
    ),
    "flag": (f"{TASKS}is_cpu = 1\n", TASKS_LINE, "tasks[1].is_cpu is 1; write true or false"),
    "task key": (
        f"{TASKS}retries = 1\n",
        TASKS_LINE,
        "there is no key tasks[1].retries; did you mean retry_share?",
    ),
    "no weight": (
        f"{KNEE}[[tasks]]\nweight = 0\n",
        2,
        "every weight is 0, so that no task is ever drawn",
    ),
    "no tasks": (f"{KNEE}tasks = []\n", 2, "tasks is []; write at least one [[tasks]]"),
    "two workloads": (
        f'{KNEE}workload = "x.toml"\n[[tasks]]\n',
        2,
        'workload is "x.toml"; there are tasks here, too; take one of them away',
    ),
    "no workload": (
        f'{KNEE}workload = "x.toml"\n',
        2,
        'workload is "x.toml"; there is no such file beside the profile',
    ),
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
    """File, line and key, then what to do; some lists of choices are longer than this test says."""
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profile(str(path), contenders=CONTENDERS)

    message = str(caught.value)
    assert message.startswith(f"my.toml, line {line}: {sentence}"), message
    assert "\n" not in message
    if not sentence.endswith(" "):
        assert message == f"my.toml, line {line}: {sentence}"


SYNTAX = {
    "no value": ('kind = "knee"\nworkers =\n', "line 2, column 10: this is not TOML: "),
    "open text": ('kind = "knee\n', "line 1, column 13: this is not TOML: "),
    "twice": ("a = 1\nb = 2\na = 3\n", "line 3, column 6: this is not TOML: "),
    "end": ('kind = "knee"\nx = [1,\n2', "line 3: this is not TOML: "),
}


@pytest.mark.parametrize(("text", "start"), SYNTAX.values(), ids=SYNTAX)
def test_what_is_not_toml_is_refused_with_its_line(text: str, start: str, tmp_path: Path) -> None:
    """The place comes first, as in all other errors."""
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profile(str(path))

    assert str(caught.value).startswith(f"my.toml, {start}")


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    """An editor's other encodings."""
    path = tmp_path / "my.toml"
    path.write_bytes(b'kind = "knee"\nsummary = "caf\xe9"\n')

    with pytest.raises(ProfileError, match=r"^my\.toml, line 2: save the file as UTF-8 text$"):
        load_profile(str(path))


def test_a_bad_trace_is_named_with_the_line_in_the_trace(tmp_path: Path) -> None:
    """Not with a line of the profile that names it."""
    (tmp_path / "t.csv").write_text("1\n2\nx\n")
    path = tmp_path / "my.toml"
    path.write_text('kind = "timeline"\n[trace]\nfile = "t.csv"\n')

    with pytest.raises(ProfileError, match=r"^t\.csv, line 3: at_seconds is "):
        load_profile(str(path))


def test_a_file_of_tasks_without_tasks_is_refused(tmp_path: Path) -> None:
    """It says how to write one."""
    path = tmp_path / "tasks.toml"
    path.write_text("# nothing yet\n")

    with pytest.raises(ProfileError, match=r"the file has no tasks; write at least one \[\[tasks"):
        load_workload(path)
