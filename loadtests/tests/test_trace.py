"""Traces: three formats, one meaning; the first fault of a bad one is named with its line."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from loadtests.toml_table import ProfileError
from loadtests.trace import MOST_KINDS, Trace, read_trace

if TYPE_CHECKING:
    from pathlib import Path


def seeded(seed: int) -> random.Random:
    """Return a generator that repeats itself."""
    return random.Random(seed)  # noqa: S311 - draws of a test, no secret


def read(folder: Path, text: str, name: str = "t.csv") -> Trace:
    """Write a trace and read it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_trace(path)


GOOD = {
    "numbers": "10\n10.5\n\n12\n",
    "timestamps": "2026-03-01T09:00:00Z\n2026-03-01T09:00:00.500Z\n2026-03-01T10:00:02+01:00\n",
    "local timestamps": "2026-03-01 09:00:00\n2026-03-01 09:00:00.5\n2026-03-01 09:00:02\n",
    "csv": "at_seconds\n10\n10.5\n12\n",
    "csv of timestamps": (
        "work_ms, at_seconds\n1,2026-03-01T09:00:00Z\n"
        '2,"2026-03-01T09:00:00.5Z"\n3,2026-03-01T09:00:02Z\n'
    ),
    "ndjson": '{"at_seconds": 10}\n{"at_seconds": 10.5}\n{"at_seconds": 12}\n',
    "windows": "\ufeffat_seconds\r\n10\r\n10.5\r\n12\r\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_every_format_tells_the_same_arrivals(text: str, tmp_path: Path) -> None:
    """Times count from the first arrival."""
    assert read(tmp_path, text).times_seconds == (0, 0.5, 2)


def test_a_replay_may_be_faster(tmp_path: Path) -> None:
    """Twice the speed halves every time."""
    arrivals = read(tmp_path, GOOD["csv"]).arrivals(speed=2)

    assert arrivals.kind == "trace"
    assert arrivals.times_seconds == (0, 0.25, 1)


def test_what_a_trace_tells_of_its_tasks_becomes_the_workload(tmp_path: Path) -> None:
    """Pairs of work and payload stay pairs, as often as they were recorded."""
    trace = read(
        tmp_path, "at_seconds,work_ms,payload_bytes\n0,5,100\n1,5,100\n2,5,100\n3,80,9000\n"
    )
    workload = trace.workload()

    assert workload is not None
    rng = seeded(1)
    jobs = [workload.draw(rng) for _ in range(2000)]
    assert {(job.work_ms, job.payload_bytes) for job in jobs} == {(5, 100), (80, 9000)}
    assert abs(sum(job.work_ms == 80 for job in jobs) / len(jobs) - 0.25) < 0.05


def test_a_trace_of_times_alone_has_no_workload(tmp_path: Path) -> None:
    """The profile's tasks are used."""
    assert read(tmp_path, GOOD["numbers"]).workload() is None


def test_a_trace_with_many_different_tasks_is_thinned_evenly(tmp_path: Path) -> None:
    """A thousand kinds stand for all, with nearly the same mean."""
    lines = "".join(f"{at},{at}\n" for at in range(5000))
    workload = read(tmp_path, f"at_seconds,work_ms\n{lines}").workload()

    assert workload is not None
    assert len(workload.tasks) == MOST_KINDS
    assert abs(workload.mean_work_ms() - 2500) < 10


def test_the_digest_tells_one_trace_from_another(tmp_path: Path) -> None:
    """It is of the content, not of the name."""
    one = read(tmp_path, "1\n2\n", "a.csv")
    same = read(tmp_path, "1\n2\n", "b.csv")
    other = read(tmp_path, "1\n3\n", "c.csv")

    assert one.digest == same.digest != other.digest


NUMBER_OR_TIME = "write a number of seconds, or a time such as 2026-03-01T09:30:00.250Z"
BAD = {
    "empty": ("", 1, "the trace is empty; write a time on each line"),
    "only a header": ("at_seconds\n", 1, "the trace is empty; write a time on each line"),
    "not a time": ("1\n2\nsoon\n", 3, f'at_seconds is "soon"; {NUMBER_OR_TIME}'),
    "infinite": ("1\ninf\n", 2, f'at_seconds is "inf"; {NUMBER_OR_TIME}'),
    "no time in a row": ("at_seconds,work_ms\n,5\n", 2, f'at_seconds is ""; {NUMBER_OR_TIME}'),
    "null": ('{"at_seconds": null}\n', 1, f"at_seconds is null; {NUMBER_OR_TIME}"),
    "true": ('{"at_seconds": true}\n', 1, f"at_seconds is true; {NUMBER_OR_TIME}"),
    "back in time": (
        "1\n3\n\n2\n",
        4,
        "this time is before the one above; sort the trace by time",
    ),
    "mixed": (
        "1\n2026-03-01T09:00:00Z\n",
        2,
        "this time is a timestamp with a zone, the first one is a number of seconds",
    ),
    "mixed zones": (
        "2026-03-01T09:00:00Z\n2026-03-01T09:00:01\n",
        2,
        "this time is a timestamp without a zone, the first one is a timestamp with a zone",
    ),
    "unknown column": (
        "at_second,work_ms\n1,2\n",
        1,
        'there is no column "at_second"; did you mean at_seconds?',
    ),
    "no time column": (
        "work_ms,payload_bytes\n1,2\n",
        1,
        "there is no column at_seconds; every arrival needs its time",
    ),
    "no header": (
        "1,5\n2,5\n",
        1,
        'there is no column "1"; write at_seconds, work_ms, payload_bytes',
    ),
    "a value too many": (
        "at_seconds,work_ms\n1,5\n2,5,6\n",
        3,
        "3 values where the header has 2 columns",
    ),
    "negative size": (
        "at_seconds,work_ms\n1,5\n2,-5\n",
        3,
        'work_ms is "-5"; write a number, 0 or more',
    ),
    "size missing": (
        '{"at_seconds": 1, "work_ms": 5}\n{"at_seconds": 2}\n',
        2,
        'work_ms is ""; write a number, 0 or more',
    ),
    "not JSON": (
        '{"at_seconds": 1}\n{"at_seconds": 2\n',
        2,
        'write one JSON object, such as {"at_seconds": 0.25}',
    ),
    "two faults": ("1\nsoon\nlater\n", 2, f'at_seconds is "soon"; {NUMBER_OR_TIME}'),
}


@pytest.mark.parametrize(("text", "line", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_trace_is_one_sentence_with_its_line(
    text: str, line: int, sentence: str, tmp_path: Path
) -> None:
    """The first thing that is wrong, and nothing else."""
    with pytest.raises(ProfileError) as caught:
        read(tmp_path, text)

    assert str(caught.value) == f"t.csv, line {line}: {sentence}"


def test_a_trace_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    """UTF-16 and the like."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"1\n2\n\xff\xfe\n")

    with pytest.raises(ProfileError, match=r"t\.csv, line 3: save the file as UTF-8 text"):
        read_trace(path)
