"""Measures what it costs to judge a history: reading it, building it, and each checker.

``python -m chaos.benchmarks.checkers --events 1000000`` writes a legal history of so many ops to a
temporary folder, judges it in a process of its own, and prints a table; ``--json`` prints the same
as JSON. Each figure is the median of the repetitions, with their least and their most.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from chaos.benchmarks.story import CONTRACT, write_story
from chaos.checkers import CHECKERS
from chaos.counts import count
from chaos.history import History
from reports.schema import read_history

if TYPE_CHECKING:
    from collections.abc import Callable

MILLION: Final = 1_000_000


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="chaos.benchmarks.checkers", description=__doc__)
    parser.add_argument("--events", type=int, default=MILLION)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder is not None:
        sys.stdout.write(json.dumps(measure(arguments.folder, arguments.repeat)))
        return
    document = run(arguments.events, arguments.repeat)
    if arguments.json:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        Console().print(table_of(document))


def run(events: int, repeat: int) -> dict[str, Any]:
    """Write a history of so many events and measure it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="killproof-benchmark-") as name:
        folder = Path(name)
        written = write_story(folder, events)
        module = [sys.executable, "-m", "chaos.benchmarks.checkers"]
        options = ["--folder", name, "--repeat", str(repeat)]
        done = subprocess.run([*module, *options], check=True, capture_output=True, text=True)
        megabytes = sum(path.stat().st_size for path in folder.rglob("*.ndjson")) / 1e6
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    told = json.loads(done.stdout)
    return {"events": written, "file_megabytes": round(megabytes, 1), **versions, **told}


def measure(folder: Path, repeat: int) -> dict[str, Any]:
    """Return the seconds of each part, and the most memory that the process ever had."""
    reading, ops = timed(lambda: read_history(folder), 1)
    after_reading = peak_megabytes()
    building, history = timed(lambda: History(ops), 1)
    after_building = peak_megabytes()
    seconds = {"reading": reading, "building": building}
    found = {}
    for checker in CHECKERS:
        if checker.can_be_seen(CONTRACT):
            check = functools.partial(checker.check, history, CONTRACT)
            seconds[checker.name], result = timed(check, repeat)
            found[checker.name] = {"exercised": result.exercised, "found": result.count}
    seconds["counts"], _ = timed(lambda: count(history, CONTRACT), repeat)
    peaks = {"reading": after_reading, "building": after_building, "all": peak_megabytes()}
    return {"seconds": seconds, "findings": found, "peak_megabytes": peaks}


def timed(work: Callable[[], Any], repeat: int) -> tuple[list[float], Any]:
    """Do it so often; return the seconds of each time, and what came of the last."""
    seconds, result = [], None
    for _ in range(repeat):
        gc.collect()
        begun = time.perf_counter()
        result = work()
        seconds.append(round(time.perf_counter() - begun, 4))
    return seconds, result


def peak_megabytes() -> float:
    """Return the most memory that this process has had so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def table_of(document: dict[str, Any]) -> Table:
    """Return the table: a row for each part, the dearest checkers first."""
    peaks = document["peak_megabytes"]
    title = (
        f"{document['events']:,} ops, {document['file_megabytes']} MB of NDJSON; peak memory"
        f" {peaks['reading']} MB read, {peaks['building']} MB built, {peaks['all']} MB judged;"
        f" Python {document['python']}"
    )
    table = Table(title=title)
    for heading in ("part", "seconds", "least", "most", "exercised", "found"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    parts = sorted(document["seconds"].items(), key=lambda part: -statistics.median(part[1]))
    for name, seconds in parts:
        told = document["findings"].get(name, {"exercised": "", "found": ""})
        figures = (statistics.median(seconds), min(seconds), max(seconds))
        counted = (str(told["exercised"]), str(told["found"]))
        table.add_row(name, *(f"{figure:.3f}" for figure in figures), *counted)
    whole = sum(statistics.median(seconds) for seconds in document["seconds"].values())
    table.add_section()
    table.add_row("all", f"{whole:.3f}")
    return table


if __name__ == "__main__":
    main()
