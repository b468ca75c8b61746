"""The command writes pages, and answers bad input with one sentence and exit code 254."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports.__main__ import main
from reports.tests.synthetic_runs import store_invalid_run, store_valid_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Damage = Callable[[Path], object]


def test_the_path_of_each_page_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs and an index make three lines and three files."""
    first = store_valid_run(tmp_path / "a")
    second = store_invalid_run(tmp_path / "b")

    code = main([str(first), str(second), "--index", str(tmp_path)])

    written = [first / "report.html", second / "report.html", tmp_path / "index.html"]
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [str(path) for path in written]
    assert all(path.is_file() for path in written)


def _edit(name: str, **changes: object) -> Damage:
    def damage(run: Path) -> None:
        document = json.loads((run / name).read_text())
        (run / name).write_text(json.dumps({**document, **changes}))

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no manifest": (lambda run: (run / "manifest.json").unlink(), "has no manifest.json"),
    "no results": (lambda run: (run / "results.json").unlink(), "has no results.json"),
    "no JSON": (lambda run: (run / "manifest.json").write_text("{"), "cannot be read as JSON"),
    "a list": (lambda run: (run / "results.json").write_text("[]"), "does not hold a JSON object"),
    "a future manifest": (_edit("manifest.json", schema_version=2), "schema_version 2"),
    "future results": (_edit("results.json", schema_version="x"), "schema_version 'x'"),
    "an unknown field": (_edit("manifest.json", mood="good"), "mood"),
    "a wrong type": (_edit("manifest.json", database="sqlite"), "database is 'sqlite'"),
    "an unknown verdict": (_edit("results.json", verdict="FINE"), "FINE"),
    "no checks": (_edit("results.json", checks=None), "do not follow the schema"),
    "a count in words": (_edit("results.json", counts={"lost": "many"}), "lost is 'many'"),
    "half a line": (
        lambda run: (run / "history" / "0.ndjson").write_text('{"time": 1\n{}\n'),
        "0.ndjson, line 1",
    ),
    "a time in words": (
        lambda run: (run / "history" / "0.ndjson").write_text(
            '{"time": "noon", "process": "a-1", "type": "ok", "f": "effect"}\n'
        ),
        "The history of",
    ),
    "no text": (
        lambda run: (run / "history" / "0.ndjson").write_bytes(b"\xff\xfe\n"),
        "The history of",
    ),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_bad_run_is_one_sentence_and_exit_254(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Damage, words: str
) -> None:
    """What is wrong is said on stderr in one line, and no page is written."""
    run = store_valid_run(tmp_path / "run")
    damage(run)

    code = main([str(run)])

    said = capsys.readouterr()
    assert code == 254
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert words in said.err
    assert not (run / "report.html").exists()


def test_a_missing_folder_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The good run has its page, the bad one its sentence, and the exit code is 254."""
    run = store_valid_run(tmp_path / "run")

    code = main([str(tmp_path / "absent"), str(run)])

    said = capsys.readouterr()
    assert code == 254
    assert said.out.splitlines() == [str(run / "report.html")]
    assert "is not a folder" in said.err


def test_an_index_with_a_broken_run_is_written_and_complains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index exists, the reason is on stderr, and the exit code is not 0."""
    store_valid_run(tmp_path / "a")
    (store_valid_run(tmp_path / "b") / "results.json").unlink()

    code = main(["--index", str(tmp_path)])

    said = capsys.readouterr()
    assert code == 254
    assert said.out.splitlines() == [str(tmp_path / "index.html")]
    assert "has no results.json" in said.err


@pytest.mark.parametrize("arguments", [[], ["--index"], ["--what"]])
def test_bad_usage_is_exit_254(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Usage errors are one line that points at --help."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 254
    assert "--help" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says what a run is, shows examples and names the exit codes."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    said = capsys.readouterr().out
    assert ended.value.code == 0
    for words in ("manifest.json", "examples:", "--index", "254"):
        assert words in said


def test_a_half_written_last_line_is_not_an_error(tmp_path: Path) -> None:
    """A killed process may leave half a line: the page is made without it."""
    run = store_valid_run(tmp_path / "run")
    with (run / "history" / "0.ndjson").open("a") as file:
        file.write('{"time": 12')

    assert main([str(run)]) == 0
