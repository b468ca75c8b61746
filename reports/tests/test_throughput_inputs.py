"""What the throughput report is made of: forecasts, runs and profiles, good ones and bad ones."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from reports.tests.synthetic_load import (
    burst_run,
    forecast,
    interrupted_run,
    knee_run,
    large_run,
    manifest,
    store,
)
from reports.tests.synthetic_steps import PROFILE
from reports.throughput import BadLoadError, comparable, read_forecast, read_load_run
from reports.throughput.__main__ import main
from reports.throughput.schemas import DOCUMENTS, FOLDER, written
from reports.throughput.writing import write_throughput

_EXAMPLE = Path(__file__).parents[1] / "forecast.example.toml"


def test_the_example_of_a_forecast_is_one() -> None:
    """What people copy is read without a complaint."""
    found = read_forecast(_EXAMPLE)

    assert (found.contender, found.database, found.is_atomic) == (
        "background_task",
        "postgresql",
        True,
    )
    assert found.growth.named() == [("low", 0.01), ("expected", 0.03), ("high", 0.06)]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("tasks_per_second = 60.0", 'tasks_per_second = "many"', "has to be a number"),
        ("tasks_per_second = 60.0", "tasks_per_second = -1", "has to be at least"),
        ("tasks_per_second = 60.0", "tasks_per_second = nan", "has to be at least"),
        ("tasks_per_second = 60.0", "tasks_per_minute = 60.0", "peak.tasks_per_second is missing"),
        ("burst_factor = 2.0", "burst_factor = true", "has to be a number"),
        ("burst_factor = 2.0", "bursts = 2.0", "peak.bursts is not a key of a forecast"),
        ("horizon_months = 24", "horizon_months = 24.5", "has to be a whole number"),
        ("expected = 0.03", "expected = 0.3", "has to lie between low and high"),
        ("enqueue_is_atomic = true", 'enqueue_is_atomic = "yes"', "has to be true or false"),
        ("starts_on = 2026-11-01", 'starts_on = "soon"', "has to be a date"),
    ],
)
def test_a_bad_forecast_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """One sentence names the file, the line, the key and what is wrong."""
    text = _EXAMPLE.read_text(encoding="utf-8").replace(old, new)
    path = forecast(tmp_path, text)
    lines = text.splitlines()
    wrong = next((n for n, line in enumerate(lines, 1) if line.startswith(new)), 0)

    with pytest.raises(BadLoadError, match=complaint) as refused:
        read_forecast(path)

    line = lines.index("[peak]") + 1 if "is missing" in complaint else wrong
    assert f"{path}, line {line}: " in str(refused.value)


@pytest.mark.parametrize("text", ["[peak\n", "a = = 1", "peak = 3"])
def test_a_forecast_that_is_no_toml_or_no_table_is_refused(tmp_path: Path, text: str) -> None:
    """The message has the line of the mistake."""
    with pytest.raises(BadLoadError, match=r"line 1\b"):
        read_forecast(forecast(tmp_path, text))


def test_runs_of_one_profile_are_compared_on_any_machines(tmp_path: Path) -> None:
    """The digest decides; the machine does not."""
    runs = [read_load_run(knee_run(tmp_path / "a")), read_load_run(large_run(tmp_path / "b"))]

    assert comparable(runs) == [runs]


def test_two_runs_that_say_they_are_of_one_profile_and_are_not_are_refused(tmp_path: Path) -> None:
    """The sentence names both runs, both digests and the keys that differ."""
    document = json.loads(json.dumps(PROFILE))
    document["rules"]["end_to_end_p99_ms"] = 900
    other = manifest((), profile_document=document, profile_digest="sha256:0ther")
    runs = [store(tmp_path / "one", manifest(())), store(tmp_path / "two", other)]

    with pytest.raises(BadLoadError) as refused:
        write_throughput(runs, tmp_path / "site")

    said = str(refused.value)
    for part in ("one", "two", "knee-1000", "sha256:5d1c0ffee", "sha256:0ther"):
        assert part in said
    assert "rules.end_to_end_p99_ms (500 and 900)" in said
    assert "\n" not in said


def test_one_profile_offered_to_several_databases_makes_one_site(tmp_path: Path) -> None:
    """Runs of one profile that differ in their database only are told apart, not refused."""
    document = {**json.loads(json.dumps(PROFILE)), "databases": ["sqlite"]}
    other = manifest((), profile_document=document, profile_digest="sha256:5911fe")
    runs = [store(tmp_path / "one", manifest(())), store(tmp_path / "two", other)]

    write_throughput(runs, tmp_path / "site")

    document = json.loads((tmp_path / "site" / "report.json").read_text(encoding="utf-8"))
    (refusal,) = document["refusals"]
    assert {found["key"] for found in refusal["differences"]} == {"databases"}


def test_runs_of_other_profiles_stand_apart_and_the_page_says_so(tmp_path: Path) -> None:
    """A burst and a ramp may share a report, and are never put into one table of capacities."""
    runs = [large_run(tmp_path / "large"), burst_run(tmp_path / "burst")]
    write_throughput(runs, tmp_path / "site")

    document = json.loads((tmp_path / "site" / "report.json").read_text(encoding="utf-8"))
    (refusal,) = document["refusals"]
    assert {d["key"] for d in refusal["differences"]} == {"burst_factor", "name"}
    threats = next(s for s in document["sections"] if s["id"] == "threats")
    assert any("sha256:b0b0" in sentence["text"] for sentence in threats["sentences"])


def test_a_folder_that_is_no_load_run_is_refused(tmp_path: Path) -> None:
    """Empty folders, chaos runs, broken files and other versions each get one sentence."""
    (tmp_path / "empty").mkdir()
    chaos = tmp_path / "chaos"
    chaos.mkdir()
    (chaos / "manifest.json").write_text('{"scenario": "x"}', encoding="utf-8")
    newer = store(tmp_path / "newer", dataclasses.replace(manifest(()), schema_version=99))
    broken = interrupted_run(tmp_path / "broken")
    steps = (broken / "steps.ndjson").read_text(encoding="utf-8").splitlines()
    (broken / "steps.ndjson").write_text("\n".join([steps[0], "{}", steps[1], ""]))

    for folder, complaint in (
        (tmp_path / "nothing", "has no manifest.json"),
        (tmp_path / "empty", "has no manifest.json"),
        (chaos, "is not a load run"),
        (newer, "schema_version 99"),
        (broken, "line 2: not a step"),
    ):
        with pytest.raises(BadLoadError, match=complaint) as refused:
            read_load_run(folder)
        assert "\n" not in str(refused.value)


def test_half_a_step_at_the_end_is_dropped(tmp_path: Path) -> None:
    """A harness that was killed while it wrote leaves a run that can be read."""
    folder = interrupted_run(tmp_path / "run")
    path = folder / "steps.ndjson"
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")

    run = read_load_run(folder)

    assert (len(run.steps), run.is_partial, run.has_findings) == (2, True, False)


def test_the_published_schemas_are_those_of_the_dataclasses() -> None:
    """``python -m reports.throughput.schemas`` writes them; nobody edits them by hand."""
    for name, document in DOCUMENTS.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == written(document), name


def test_stored_runs_and_the_report_follow_the_published_schemas(tmp_path: Path) -> None:
    """What the harness writes and what the report writes hold against the files."""
    runs = [knee_run(tmp_path / "knee"), interrupted_run(tmp_path / "interrupted")]
    write_throughput(runs, tmp_path / "site", read_forecast(_EXAMPLE))

    def check(name: str, text: str) -> None:
        schema = json.loads((FOLDER / name).read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))

    knee = tmp_path / "knee"
    check("load_manifest.schema.json", (knee / "manifest.json").read_text(encoding="utf-8"))
    check("load_findings.schema.json", (knee / "findings.json").read_text(encoding="utf-8"))
    check("report.schema.json", (tmp_path / "site" / "report.json").read_text(encoding="utf-8"))
    for line in (knee / "steps.ndjson").read_text(encoding="utf-8").splitlines()[:3]:
        check("load_step.schema.json", line)


def test_the_published_schemas_refuse_what_is_not_a_run() -> None:
    """A manifest without its profile is none."""
    schema = json.loads((FOLDER / "load_manifest.schema.json").read_text(encoding="utf-8"))
    document = dataclasses.asdict(manifest(()))
    del document["profile_digest"]

    with pytest.raises(jsonschema.ValidationError, match="profile_digest"):
        jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


def test_the_command_writes_three_files_and_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """index.html, report.md and report.json, in the folder that was asked for."""
    run = interrupted_run(tmp_path / "run")

    assert main([str(run), "--output", str(tmp_path / "site")]) == 0

    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names == ["index.html", "report.md", "report.json"]
    assert main(["--alone", str(run)]) == 0
    assert (run / "load.html").exists()


def test_the_command_says_one_sentence_about_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, exit code 254, and a forecast for a queue that is not there is a mistake."""
    run = knee_run(tmp_path / "run")
    text = _EXAMPLE.read_text(encoding="utf-8").replace('"postgresql"', '"oracle"')
    output = str(tmp_path / "site")

    assert main([str(tmp_path / "none"), "--output", output]) == 254
    assert main([str(run), "--output", output, "--forecast", str(forecast(tmp_path, text))]) == 254

    first, second = capsys.readouterr().err.splitlines()
    assert "has no manifest.json" in first
    assert "background_task on oracle" in second
    with pytest.raises(SystemExit, match="254"):
        main([])
