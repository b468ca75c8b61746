"""What is stored of a load run is read back as it was, and what is damaged is named."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from reports import load_schema, load_steps
from reports.documents import from_document
from reports.load_schema import (
    FINDINGS,
    MANIFEST,
    STEPS,
    Findings,
    Knee,
    LoadManifest,
    Repeat,
    ScalabilityFit,
    append_step,
    read_findings,
    read_load_manifest,
    read_steps,
    write_document,
)
from reports.load_steps import Latency, Statement, Step, Target
from reports.tests.synthetic_load import baselines_run, burst_run, knee_run

if TYPE_CHECKING:
    from pathlib import Path

KINDS = [
    kind
    for module in (load_steps, load_schema)
    for kind in vars(module).values()
    if dataclasses.is_dataclass(kind)
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store a run, to be read."""
    return knee_run(tmp_path_factory.mktemp("runs") / "knee")


@pytest.fixture(scope="module")
def step(run: Path) -> Step:
    """Return a step with all its parts."""
    return next(iter(read_steps(run)))


def parts(value: Any) -> list[Any]:
    """Return all dataclasses within a value, itself included."""
    if dataclasses.is_dataclass(value):
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return [value, *(part for field in fields for part in parts(field))]
    if isinstance(value, dict):
        return [part for item in value.values() for part in parts(item)]
    if isinstance(value, tuple):
        return [part for item in value for part in parts(item)]
    return []


@pytest.fixture(scope="module")
def everything(run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Return every dataclass of several stored runs."""
    folder = tmp_path_factory.mktemp("more")
    runs = (run, baselines_run(folder / "baselines"), burst_run(folder / "burst"))
    return [
        part
        for each in runs
        for whole in (read_load_manifest(each), read_findings(each), *read_steps(each))
        for part in parts(whole)
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_dataclass_comes_back_from_json_as_it_was(everything: list[Any], kind: Any) -> None:
    """Tuples are tuples again, mappings of dataclasses hold dataclasses, None is None."""
    examples = [part for part in everything if type(part) is kind]

    assert examples, "no stored run has one"
    for example in examples[:50]:
        assert from_document(kind, json.loads(json.dumps(dataclasses.asdict(example)))) == example


def test_a_whole_run_comes_back_as_it_was_written(run: Path, tmp_path: Path) -> None:
    """Reading and writing it again gives the same bytes."""
    write_document(tmp_path / MANIFEST, read_load_manifest(run))
    write_document(tmp_path / FINDINGS, read_findings(run))
    for step in read_steps(run):
        append_step(tmp_path, step)

    for name in (MANIFEST, FINDINGS, STEPS):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes()


def test_a_document_is_replaced_at_once(run: Path, tmp_path: Path) -> None:
    """Nothing of the file that it was written to first is left."""
    for _ in range(2):
        write_document(tmp_path / MANIFEST, read_load_manifest(run))

    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_what_is_optional_may_be_missing() -> None:
    """Files of an earlier minor version lack fields that have defaults."""
    assert from_document(Findings, {}) == Findings()
    assert from_document(Target, {"contender": "x", "database": None}).knobs == {}


@pytest.mark.parametrize("cut", [1, 2, 40, -1])
def test_half_a_line_at_the_end_is_dropped(step: Step, tmp_path: Path, cut: int) -> None:
    """A harness that was killed spoils none of the steps before; -1 leaves nothing of the line."""
    append_step(tmp_path, step)
    whole = (tmp_path / STEPS).read_bytes()
    append_step(tmp_path, dataclasses.replace(step, id="cut"))
    kept = whole if cut == -1 else (tmp_path / STEPS).read_bytes()[:-cut]
    (tmp_path / STEPS).write_bytes(kept)

    assert list(read_steps(tmp_path)) == [step]


def test_a_run_without_steps_has_none(tmp_path: Path) -> None:
    """Neither a missing file nor an empty one is an error."""
    assert list(read_steps(tmp_path)) == []
    (tmp_path / STEPS).touch()
    assert list(read_steps(tmp_path)) == []


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "5", "null", '"step"', "{", "no JSON", '{"id": 1}', '{"colour": 1}']
)
def test_a_bad_line_is_named_with_its_number(step: Step, tmp_path: Path, line: str) -> None:
    """The steps before it are given first."""
    append_step(tmp_path, step)
    with (tmp_path / STEPS).open("a") as lines:
        lines.write(f"{line}\n")
    append_step(tmp_path, step)

    steps = read_steps(tmp_path)

    assert next(steps) == step
    with pytest.raises(ValueError, match=r"steps\.ndjson, line 2: not a step: \S"):
        next(steps)


@pytest.mark.parametrize(
    ("kind", "document", "complaint"),
    [
        (Statement, [], r"Statement is \[\] and not an object"),
        (Statement, {"text": "S", "calls": 1, "total_ms": 1.0, "row": 1}, "row is no field"),
        (Statement, {"text": "S", "calls": 1}, "total_ms"),
        (Statement, {"text": "S", "calls": 1.5, "total_ms": 1}, "calls is 1.5"),
        (Statement, {"text": "S", "calls": True, "total_ms": 1}, "calls is True"),
        (Statement, {"text": 5, "calls": 1, "total_ms": 1}, "text is 5"),
        (Statement, {"text": None, "calls": 1, "total_ms": 1}, "text is None"),
        (Statement, {"text": "S", "calls": 1, "total_ms": "1"}, "total_ms is '1'"),
        (Latency, {"count": 1, "p50_ms": float("nan")}, "p50_ms is nan"),
        (Latency, {"count": 1, "p50_ms": float("inf")}, "p50_ms is inf"),
        (Target, {"contender": "x", "database": None, "knobs": []}, "knobs is"),
        (Findings, {"knees": 5}, "knees is 5 and not a list"),
        (Findings, {"knees": [5]}, "Knee is 5 and not an object"),
        (Findings, {"knees": "abc"}, "knees is 'abc' and not a list"),
    ],
)
def test_what_has_another_type_is_named(kind: type[Any], document: object, complaint: str) -> None:
    """A reader need not doubt what was read."""
    with pytest.raises(TypeError, match=complaint):
        from_document(kind, document)


def test_a_word_that_is_none_of_the_words_is_refused() -> None:
    """A status that nobody knows would have no colour and no meaning."""
    document = {"target": {"contender": "x", "database": None}, "status": "fine", "repeats": []}
    numbers = {"low": None, "high": None}

    with pytest.raises(TypeError, match="status is 'fine' and not one of bracketed"):
        from_document(Knee, {**document, **numbers})


def test_a_pair_has_two_items() -> None:
    """A point of three is no point."""
    fit = {
        "lambda_": 1.0,
        "sigma": 0.0,
        "kappa": 0.0,
        "r_squared": 1,
        "peak": "observed",
        "intervals": {"sigma": [0, 1]},
        "points": [[1, 2]],
    }

    assert from_document(ScalabilityFit, fit).points == ((1, 2),)
    with pytest.raises(TypeError, match="points has 3 items and not 2"):
        from_document(ScalabilityFit, {**fit, "points": [[1, 2, 3]]})


def test_a_whole_number_is_a_rate() -> None:
    """JSON of other writers has 400 for 400.0."""
    assert from_document(Repeat, {"rate": 400, "passed": 1, "failed": 0}).rate == 400


def test_a_manifest_of_something_else_is_refused(tmp_path: Path) -> None:
    """So is text, and a list."""
    for content in ("[]", "{}", '{"scenario": "sigkill"}', "text"):
        (tmp_path / MANIFEST).write_text(content)
        with pytest.raises((TypeError, ValueError)):
            read_load_manifest(tmp_path)


def test_a_manifest_tells_its_run_from_a_chaos_run(run: Path) -> None:
    """By its kind, which has a default that nobody needs to write."""
    (kind,) = [field for field in dataclasses.fields(LoadManifest) if field.name == "kind"]

    assert json.loads((run / MANIFEST).read_text())["kind"] == kind.default == "load"
