"""Benchmarks: what decides, what is refused, what is stored, and a tiny one on SQLite."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.command_line import USAGE_ERROR
from loadtests.benchmarks import databases, enqueue, floor, memory
from loadtests.benchmarks.cli import exit_code, main
from loadtests.benchmarks.draining import Drained, rate_of
from loadtests.benchmarks.enqueueing import Insert
from loadtests.benchmarks.exchange import FIRST_ID, Batch, ExchangeError, exchange_of
from loadtests.benchmarks.figure import Figure, figure_of, ratio_of
from loadtests.benchmarks.recording import Sent
from loadtests.benchmarks.registry import BENCHMARKS
from loadtests.benchmarks.report import BEGIN, END, markdown
from loadtests.benchmarks.stored import FILE, Result, Run, StoredRunError, read_run
from loadtests.benchmarks.wake_up import figures
from reports.load_steps import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OURS = Target(contender="background_task", database="sqlite")
PAIRS = [(10.0, 200.0), (11.0, 210.0), (10.0, 190.0), (10.0, 205.0), (9.5, 200.0)]


@pytest.fixture(autouse=True)
def unarmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the signals of the test process alone."""
    monkeypatch.setattr("loadtests.benchmarks.cli.stop_cleanly", lambda: None)


# What decides.


@pytest.mark.parametrize(
    ("target", "verdict"), [(15.0, "met"), (19.5, "unclear"), (30.0, "missed"), (None, "")]
)
def test_a_target_within_the_spread_is_neither_met_nor_missed(
    target: float | None, verdict: str
) -> None:
    """The whole interval has to be on one side."""
    assert ratio_of("a / b", PAIRS, of=OURS, target=target).verdict == verdict


@pytest.mark.parametrize(("target", "verdict"), [(3.0, "met"), (1.5, "unclear"), (0.9, "missed")])
def test_what_shall_be_small_is_judged_from_the_other_side(target: float, verdict: str) -> None:
    """Its largest value decides."""
    figure = figure_of("claim", "ms", [1, 1.2, 2, 1.4, 1.3], target=target, is_minimum=False)

    assert figure.verdict == verdict
    assert (figure.value, figure.low, figure.high) == (1.3, 1, 2)


def test_too_few_pairs_or_an_unstable_arm_bear_no_verdict() -> None:
    """The figure is told, with the reason."""
    few = ratio_of("a / b", PAIRS[:2], of=OURS, target=1.0)
    unstable = ratio_of("a / b", [*PAIRS, (90.0, 200.0)], of=OURS, target=1.0)
    samples = figure_of("drain", "tasks/s", [5000.0, 5100.0], target=1.0)

    assert (few.verdict, unstable.verdict, samples.verdict) == ("unclear",) * 3
    assert "2 pairs are too few" in few.note
    assert "unstable" in unstable.note
    assert "2 samples are too few" in samples.note


def test_a_rate_leaves_the_first_tenth_out_and_waits_until_the_queue_is_empty() -> None:
    """A slow start counts for nothing; the time in which ends are written down counts."""
    slow, steady = np.arange(0, 10), 100 + np.arange(0, 91)
    ends = np.concatenate([slow, steady])[:100] * 10**9

    assert rate_of(ends, int(ends[-1])) == pytest.approx(1.0)
    assert rate_of(ends, int(ends[-1]) + 89 * 10**9) == pytest.approx(0.5)
    assert Drained(ends=ends, empty_ns=0).rate_between(0.5, 1.0) == pytest.approx(1.0, rel=0.05)


def test_growth_is_a_slope_that_ignores_the_beginning() -> None:
    """What is filled once is no growth; three readings are the least."""
    flat = [(50_000 * n, 40.0 if n > 3 else 10.0) for n in range(1, 21)]
    growing = [(50_000 * n, 40.0 + n) for n in range(1, 21)]

    assert memory.slope(flat) == (0.0, 0.0, 0.0)
    assert memory.slope(growing) == pytest.approx((20.0, 20.0, 20.0))
    assert memory.slope(flat[:2]) is None


def test_a_wake_up_is_judged_by_its_median_where_there_is_a_target() -> None:
    """The tail is told and not held against anything."""
    median, tail = figures("postgresql", [1.0, 2.0, 3.0, 4.0, 50.0] * 10)

    assert (median.value, median.verdict) == (3.0, "met")
    assert (tail.value, tail.target) == (50.0, None)
    assert figures("mysql", [20.0] * 50)[0].verdict == ""
    assert figures("sqlite", [1.0] * 10)[0].verdict == "unclear"


# What the floor replays.


def claimed(first: int, count: int, at: datetime.datetime, *values: Any) -> list[Sent]:
    """Write the statements of a claim down, as a recorder does."""
    ids = [FIRST_ID + first + number for number in range(count)]
    floor = " AND run_at >= %s" if values else ""
    return [
        Sent(
            f"SELECT id, run_at FROM q WHERE a = COALESCE(b, %s){floor} LIMIT %s",  # noqa: S608
            (3, *values, count),
            [(id_, at) for id_ in ids],
        ),
        Sent(f"UPDATE q SET c = %s WHERE id IN {marks(count)}", ("me", *ids), []),  # noqa: S608
    ]


def ended(first: int, count: int) -> list[Sent]:
    """Write the statements of an end down."""
    ids = [FIRST_ID + first + number for number in range(count)]
    ends = json.dumps([{"id": id_, "seconds": 0.5} for id_ in ids])
    rows = ", ".join(["(%s, 'x', %s)"] * count)
    values = tuple(value for id_ in ids for value in (id_, 7))
    return [
        Sent("INSERT INTO done SELECT * FROM json(%s)", (ends,), []),
        Sent(f"INSERT INTO log VALUES {rows}", values, []),  # noqa: S608
        Sent(f"DELETE FROM q WHERE id IN {marks(count)}", tuple(ids), []),  # noqa: S608
    ]


def marks(count: int) -> str:
    """Return the marks of a list."""
    return f"({', '.join(['%s'] * count)})"


AT, LATER = (datetime.datetime(2026, 1, day, tzinfo=datetime.UTC) for day in (1, 2))


def test_an_exchange_fits_any_batch() -> None:
    """Lists, rows, JSON and the limit have as many entries as the batch has tasks."""
    first = claimed(1, 2, AT)
    exchange = exchange_of([first, [*ended(1, 2), *claimed(3, 2, LATER, AT)], ended(3, 2)])
    (statements,) = exchange.transactions
    batch = Batch(ids=[8, 9, 10], size=3, before=(10, LATER))

    assert exchange.batch == 2
    assert [statement.whose for statement in statements] == ["held", "held", "held", "", "new"]
    assert [statement.id_column for statement in statements] == [None, None, None, 0, None]
    filled = [statement.filled(batch) for statement in statements]
    assert json.loads(filled[0][1][0]) == [{"id": id_, "seconds": 0.5} for id_ in (8, 9, 10)]
    assert filled[1][0].count("(%s, 'x', %s)") == 3
    assert filled[1][1] == [8, 7, 9, 7, 10, 7]
    assert filled[2] == ("DELETE FROM q WHERE id IN (%s, %s, %s)", [8, 9, 10])
    assert filled[3][1] == [3, LATER, 3]
    assert filled[4][1] == ["me", 8, 9, 10]


def test_ends_and_claims_may_be_transactions_of_their_own() -> None:
    """Then both are replayed, one after the other."""
    exchange = exchange_of([claimed(1, 4, AT), ended(1, 4), claimed(5, 4, AT), ended(5, 4)])

    assert [len(statements) for statements in exchange.transactions] == [3, 2]
    assert exchange.batch == 4


@pytest.mark.parametrize("trace", [[], [claimed(1, 2, AT)]])
def test_a_trace_without_ends_is_refused(trace: list[list[Sent]]) -> None:
    """A floor of nothing would be no floor."""
    with pytest.raises(ExchangeError, match="has tasks ended"):
        exchange_of(trace)


def test_a_bare_insert_has_the_same_columns_and_nothing_else() -> None:
    """Each row has arguments and a hash of its own."""
    seen = ("[[7000000000000], {}]", "a" * 40, 5)
    insert = Insert("INSERT INTO q (a, b, c) VALUES (%s, %s, %s) ON CONFLICT (b) DO NOTHING", seen)
    one, other = insert.values_of(1), insert.values_of(2)

    assert insert.bare() == "INSERT INTO q (a, b, c) VALUES (%s, %s, %s)"
    assert (one[0], one[2]) == ("[[1], {}]", 5)
    assert len({seen[1], one[1], other[1]}) == 3


def test_loops_that_the_engine_outruns_are_no_floor() -> None:
    """The faster loops of each block count; a floor above which nothing is bears no verdict."""
    loops = {"one bare loop": [300.0] * 5, "two bare loops": [200.0] * 4 + [400.0]}

    below = floor.share_of_floor({"background_task": [180.0] * 5, **loops}, OURS, seed=0)
    above = floor.share_of_floor({"background_task": [310.0] * 5, **loops}, OURS, seed=0)

    assert (below.value, below.low) == (0.6, 0.45)
    assert (above.verdict, above.bears_verdict) == ("unclear", False)
    assert "no floor" in above.note


# What is refused.


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that a command is refused with."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    assert code == USAGE_ERROR
    assert said.err.startswith("benchmarks: ") or "report: " in said.err
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["drian"], "there is no benchmark 'drian'; choose of drain, floor"),
        (["floor", "--database", "mysql"], "floor runs on postgresql, not on mysql"),
        (["databases", "--database", "oracle"], "invalid choice: 'oracle'"),
        (["drain", "--seed", "x"], "'x' is not a whole number"),
        (["drain", "--database-url", "nonsense"], "'nonsense' is not a database we know"),
        (
            ["flat", "--database-url", "postgresql://me@127.0.0.1/test_x"],
            "flat needs servers of its own: leave --database-url out",
        ),
        (["report", "/nowhere"], "/nowhere holds no stored benchmarks"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """It names what is wrong, and nothing is started."""
    assert sentence in refused(capsys, *arguments)


def test_a_database_that_does_not_answer_is_one_sentence_and_no_figure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The run is stored as incomplete."""
    url = "postgresql://me:secret@127.0.0.1:9/test_x"
    code = main(["databases", "--quick", "--database-url", url, "--out", str(tmp_path)])

    said = capsys.readouterr().out
    (folder,) = tmp_path.iterdir()
    assert code == 2
    assert "databases: postgresql cannot be had: it does not answer" in said
    assert read_run(folder).status == "incomplete"
    assert "secret" not in (folder / FILE).read_text()


def test_each_benchmark_is_listed_and_teaches_how_it_measures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``--list`` names all of them, ``NAME --help`` tells what one does."""
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert main(["floor", "--help"]) == 0

    assert all(f"{name}: " in listed for name in BENCHMARKS)
    assert "The target is half" in capsys.readouterr().out
    assert all(each.guide.startswith(f"{name}: ") for name, each in BENCHMARKS.items())


# What is stored.


def run(*results: Result, **changes: Any) -> Run:
    """Return a run."""
    made = Run(
        command="nox -s benchmarks -- drain --seed 1",
        seed=1,
        is_quick=False,
        started_at="2026-01-01T00:00:00+00:00",
        environment={"commit": "abc", "cpus": 2},
        load=0.1,
        status="complete",
        results=results,
    )
    return dataclasses.replace(made, **changes)


def result(figures: Sequence[Figure] = (), **changes: Any) -> Result:
    """Return what came of a benchmark."""
    made = Result(
        benchmark="drain",
        command="nox -s benchmarks -- drain --seed 1",
        started_at="2026-01-01T00:00:00+00:00",
        seconds=12.3,
        figures=tuple(figures),
        contenders=(
            {
                "title": "background_task",
                "services": {"postgresql": "18"},
                "durability": {"fsync": "on"},
            },
        ),
    )
    return dataclasses.replace(made, **changes)


def test_a_stored_run_reads_as_it_was(tmp_path: Path) -> None:
    """Nothing is lost, and another format is refused."""
    stored = run(result([ratio_of("a / b", PAIRS, of=OURS, target=10.0)]))
    stored.write(tmp_path)

    assert read_run(tmp_path) == stored

    (tmp_path / FILE).write_text('{"format": 99}')
    with pytest.raises(StoredRunError, match="another format"):
        read_run(tmp_path)


def test_a_report_has_each_figure_with_its_command_and_its_data(tmp_path: Path) -> None:
    """And what was not measured, and on which settings durability depended."""
    figure = figure_of("drain on sqlite", "tasks/s", [5000, 5100, 5200, 5300, 5400], target=3000)
    stored = run(result([figure], missing=("mysql cannot be had.",)))

    text = markdown(stored, tmp_path)

    assert "| drain on sqlite | 5,200 tasks/s | 5,000 to 5,400 | at least 3,000 | met |" in text
    assert "`nox -s benchmarks -- drain --seed 1`, 12 s." in text
    assert f"{tmp_path.name}/{FILE}" in text
    assert "Not measured: mysql cannot be had." in text
    assert "background_task on postgresql 18: fsync=on." in text
    assert "say nothing" in markdown(run(is_quick=True), tmp_path)


def test_a_report_replaces_the_figures_of_a_page_and_nothing_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A page without a place for them is refused."""
    run(result([figure_of("drain", "tasks/s", [1.0])])).write(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    assert main(["report", str(tmp_path), "--into", str(page)]) == 0

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| drain | 1 tasks/s |" in text
    assert "old" not in text
    page.write_text("no place")
    assert "has no place for figures" in refused(
        capsys, "report", str(tmp_path), "--into", f"{page}"
    )


def test_the_exit_code_says_what_is_missing_and_on_request_what_was_missed() -> None:
    """A missed target alone is a measurement."""
    missed = run(result([figure_of("drain", "tasks/s", [1.0] * 5, target=2.0)]))

    assert exit_code(missed, must_meet=False) == 0
    assert exit_code(missed, must_meet=True) == 1
    assert exit_code(dataclasses.replace(missed, status="incomplete"), must_meet=True) == 2


# A tiny real one.


@pytest.mark.processes
def test_a_tiny_run_on_sqlite_measures_and_stores(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Real workers drain real queues; how fast is not asked."""
    monkeypatch.setattr(databases, "TASKS", 500)
    monkeypatch.setattr(enqueue, "ROWS", 200)
    monkeypatch.setattr(enqueue, "ROWS_IN_BULK", 500)
    names = ("databases", "enqueue")

    code = main([*names, "--quick", "--database", "sqlite", "--out", str(tmp_path)])

    said = capsys.readouterr()
    (folder,) = tmp_path.iterdir()
    stored = read_run(folder)
    assert (code, stored.status) == (0, "complete"), said.out
    assert [each.benchmark for each in stored.results] == list(names)
    values = [figure.value for each in stored.results for figure in each.figures]
    assert len(values) == 5
    assert all(value is not None and value > 0 for value in values)
    assert stored.results[0].contenders[0]["durability"]["synchronous"] == "FULL"
