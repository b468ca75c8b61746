"""Bad tasks of a profile: their work, payloads and weights, and where they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.tests.refused_profiles import KNEE, assert_refused

if TYPE_CHECKING:
    from pathlib import Path

TASKS = f'{KNEE}\n[[tasks]]\nname = "one"\n\n[[tasks]]\n'
TASKS_LINE = 7
RANGE = "write a number of bytes, or a table such as {low = 100, high = 2000}"
MEDIAN = "write a number of milliseconds, or a table such as {median = 20, p95 = 80}"

BAD = {
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
}


@pytest.mark.parametrize(("text", "line", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_profile_is_one_sentence_with_its_line(
    text: str, line: int, sentence: str, tmp_path: Path
) -> None:
    """Each task has a number, and each half of a distribution says what it lacks."""
    assert_refused(text, line, sentence, tmp_path)
