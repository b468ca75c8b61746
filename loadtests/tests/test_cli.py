"""A user's mistake is one sentence and exit code 254, before anything is started."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.command_line import HARNESS_ERROR, INTERRUPTED, USAGE_ERROR, run_or_harness_error
from engine.provenance import REPOSITORY
from loadtests.book import Book
from loadtests.cli import _exit_code, _farewell, _jobs, _parser, main
from loadtests.profile import load_profile
from loadtests.session import Ended, Job
from loadtests.tests.test_analysis_steps import step
from loadtests.tests.test_book import manifest
from reports.load_schema import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

TINY = """\
kind = "knee"
databases = ["sqlite"]
window_seconds = 1

[search]
start_rate = 10
max_rate = 20
factor = 2
max_trials = 3
"""


@pytest.fixture(autouse=True)
def unarmed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave the signals of the test process alone, and start nothing."""
    monkeypatch.setattr("loadtests.cli.stop_cleanly", lambda: None)
    monkeypatch.setattr("loadtests.cli.run_session", lambda *_: pytest.fail("it was started"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Write a small profile."""
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that a command is refused with."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    assert code == USAGE_ERROR
    assert said.out == ""
    assert said.err.startswith("loadtests: ")
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["smok"], 'there is no profile "smok"; the nearest is smoke'),
        ([""], 'there is no profile ""'),
        (["nowhere.toml"], "nowhere.toml: cannot be read: No such file"),
        (["."], "cannot be read: Is a directory"),
        (["smoke", "compare"], "unrecognized arguments: compare"),
        (["smoke", "--database", "oracle"], "invalid choice: 'oracle'"),
        (["smoke", "--provider", "dsn"], "invalid choice: 'dsn'"),
        (["smoke", "--contender", "nosuch"], "there is no contender 'nosuch'; choose one of"),
        (["smoke", "--contender", "no.such:thing"], "cannot be loaded: No module named 'no'"),
        (["smoke", "--contender", "os:path"], "is not an engine.contenders"),
        (["smoke", "--at-least", "0"], "'0' is not a number of tasks per second above 0"),
        (["smoke", "--at-least", "nan"], "'nan' is not a number of tasks per second"),
        (["smoke", "--at-least", "inf"], "'inf' is not a number of tasks per second"),
        (["smoke", "--at-least", "many"], "'many' is not a number of tasks per second"),
        (["smoke", "--seed", "-1"], "'-1' is not a whole number"),
        (["smoke", "--seed", "1.5"], "'1.5' is not a whole number"),
        (["smoke", "--seed", ""], "'' is not a whole number"),
        (["smoke", "--database-url", "nonsense"], "'nonsense' is not a database we know"),
        (
            ["smoke", "--database", "sqlite", "--database-url", "postgresql://u@127.0.0.1/test_x"],
            "--database-url is of postgresql: leave --database out",
        ),
        (["compare", "--contender", "background_task"], "leave --contender out"),
        (["--resume", "nowhere"], "holds no load run to take up again"),
        (["--resume", "."], "holds no load run to take up again"),
        (["--resume", ".", "smoke"], "leave PROFILE, --database, --contender and --seed out"),
        (["--resume", ".", "--seed", "1"], "--resume goes on with what the run began with"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """It names what is wrong; nothing is started, and no folder is made."""
    assert sentence in refused(capsys, *arguments)


def test_runs_cannot_be_stored_in_a_file(
    tiny: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The folder of runs is made before the first server starts."""
    said = refused(capsys, str(tiny), "--out", str(tiny))
    below = refused(capsys, str(tiny), "--out", str(tiny / "runs"))

    assert f"--out: {tiny} cannot be made: File exists" in said
    assert f"--out: {tiny}" in below
    assert tiny.read_text() == TINY
    assert list(tmp_path.iterdir()) == [tiny]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("window_seconds = 1", "window_seconds = -1", 3),
        ("window_seconds = 1", "window_second = 1", 3),
        ("max_rate = 20", "max_rate = 5", 7),
        ('databases = ["sqlite"]', 'databases = ["oracle"]', 2),
        ('kind = "knee"', 'kind = "knie"', 1),
        ("factor = 2", "factor = ", 8),
        ("max_trials = 3", 'max_trials = "three"', 9),
        ("[search]", 'contender = "nosuch"\n[search]', 5),
        ("[search]", '[flips]\nknobs = ["gravity"]\n[search]', 6),
    ],
)
def test_a_bad_profile_is_refused_with_its_line(
    tiny: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: int
) -> None:
    """The sentence says where to look."""
    tiny.write_text(TINY.replace(old, new))

    assert f"loadtests: tiny.toml, line {line}" in refused(capsys, str(tiny))


def jobs(*arguments: str) -> list[Job]:
    """Return what the arguments ask for."""
    return list(_jobs(_parser().parse_args(arguments)))


def test_without_a_profile_the_knee_is_looked_for_on_every_database(tmp_path: Path) -> None:
    """Each has a profile and a folder of its own."""
    found = jobs("--out", str(tmp_path / "runs"))

    assert [job.database for job in found] == ["sqlite", "postgresql", "mysql", "mariadb"]
    assert len({job.folder for job in found}) == 4
    assert {job.folder.parent for job in found} == {tmp_path / "runs"}


def test_a_database_that_is_named_twice_is_run_on_once(tmp_path: Path) -> None:
    """The second run would find the folder of the first."""
    found = jobs("smoke", *(2 * ("--database", "mysql")), "--out", str(tmp_path))

    assert [job.database for job in found] == ["mysql"]


def test_the_database_of_a_url_is_the_one_that_is_run_on(tmp_path: Path) -> None:
    """Its password is in no command that is stored."""
    url = "mysql://me:secret@127.0.0.1/test_x"

    (job,) = jobs("smoke", "--database-url", url, "--out", str(tmp_path))

    assert job.database == "mysql"
    assert "secret" not in job.command


@pytest.mark.parametrize(
    "arguments",
    [
        ["knee-1000", "--database", "mysql"],
        ["smoke", "--contender", "django-tasks-db", "--database", "postgresql"],
        ["burst", "--seed", "5"],
        ["compare"],
        ["compare", "--database", "sqlite", "--database", "mariadb"],
        ["semantics", "--database", "sqlite"],
        ["tiny.toml"],
    ],
)
def test_the_stored_command_asks_for_the_same_run(
    tiny: Path, tmp_path: Path, arguments: list[str]
) -> None:
    """Who types it, or takes the run up again, gets the same profile, database and seed."""
    for job in jobs(*arguments, "--out", str(tmp_path / "runs")):
        words = job.command.split()
        assert words[:4] == ["nox", "-s", "loadtests", "--"]
        (again,) = jobs(*words[4:], "--out", str(tmp_path / "again"))
        assert (again.profile.digest, again.database) == (job.profile.digest, job.database)
        assert again.seed == job.seed


def begun(tiny: Path, **changes: object) -> Path:
    """Store a run of the small profile that was interrupted after a step."""
    profile = load_profile(str(tiny))
    facts = {"profile_digest": profile.digest, "command": f"nox -s loadtests -- {tiny} --seed 7"}
    book = Book.new(
        tiny.parent / "runs" / "run",
        dataclasses.replace(manifest(), **{**facts, **changes}),  # type: ignore[arg-type]
    )
    book.step("ramp-1", lambda _: step())
    return book.folder


def test_a_run_is_taken_up_with_what_it_began_with(tiny: Path) -> None:
    """Profile, database and seed come from its manifest."""
    folder = begun(tiny)

    (job,) = jobs("--resume", str(folder))

    assert (job.folder, job.is_resumed, job.database, job.seed) == (folder, True, "sqlite", 7)


def test_a_complete_run_is_not_taken_up(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing left to measure."""
    folder = begun(tiny)
    Book.resumed(folder).end("complete")

    said = refused(capsys, "--resume", str(folder))

    assert f"{folder} is complete: there is nothing left to measure" in said


def test_a_run_whose_profile_has_changed_is_not_taken_up(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of its steps would answer another question."""
    folder = begun(tiny)
    tiny.write_text(TINY.replace("window_seconds = 1", "window_seconds = 2"))

    said = refused(capsys, "--resume", str(folder))

    assert "the profile tiny is not what it was" in said
    assert "start a new run instead" in said


def test_a_run_whose_profile_is_gone_is_not_taken_up(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the file that is looked for."""
    folder = begun(tiny)
    tiny.unlink()

    assert f"{tiny}: cannot be read: No such file" in refused(capsys, "--resume", str(folder))


@pytest.mark.parametrize("command", ["", "nox -s loadtests", "nox -s 'loadtests -- smoke"])
def test_a_run_whose_command_is_damaged_is_not_taken_up(
    tiny: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Somebody has edited the manifest."""
    folder = begun(tiny, command=command)

    assert "names no command that it was begun with" in refused(capsys, "--resume", str(folder))


@pytest.mark.parametrize("content", ["", "[]", "null", '"text"', '{"kind": "load"}'])
def test_a_damaged_manifest_is_one_sentence(
    tiny: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """So is one of a chaos run, or of a browser's extension."""
    folder = begun(tiny)
    (folder / MANIFEST).write_text(content)

    assert "holds no load run to take up again" in refused(capsys, "--resume", str(folder))


def test_a_manifest_with_a_seed_that_is_none_is_one_sentence(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every field has the type that it promises, or the run is refused."""
    folder = begun(tiny)
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**document, "seed": "seven"}))

    assert "seed is 'seven'" in refused(capsys, "--resume", str(folder))


def test_the_list_names_every_profile_and_contender(capsys: pytest.CaptureFixture[str]) -> None:
    """It starts nothing, and is no error."""
    assert main(["--list"]) == 0

    said = capsys.readouterr().out
    for name in ("smoke", "knee-1000", "burst", "compare", "background_task", "celery-redis"):
        assert name in said


def ended(tiny: Path, **changes: object) -> Ended:
    """Return a run that came to nothing."""
    (job,) = jobs(str(tiny), "--out", str(tiny.parent / "runs"))
    return Ended(job=job, book=None, **changes)  # type: ignore[arg-type]


def test_a_session_in_which_nothing_could_be_had_is_wrong_usage(tiny: Path) -> None:
    """Something has to be installed; a server that fails is another matter."""
    options = _parser().parse_args([])
    missing = ended(tiny, reason="install it", is_missing=True)
    failed = ended(tiny, reason="it did not start")

    assert _exit_code([missing, missing], options) == USAGE_ERROR
    assert _exit_code([missing, failed], options) == HARNESS_ERROR


def test_whoever_stops_a_run_is_told_how_to_go_on(tiny: Path) -> None:
    """With the folder, if there is something to go on with."""
    (job,) = jobs(str(tiny), "--out", str(tiny.parent / "elsewhere"))
    stopped = dataclasses.replace(job, folder=begun(tiny))

    assert f"--resume {stopped.folder}" in _farewell([stopped, job])
    assert "nothing of this run had been measured yet" in _farewell([job])
    assert "nothing of this run had been measured yet" in _farewell([])


def test_a_run_that_was_complete_is_not_to_be_resumed(tiny: Path) -> None:
    """Ctrl-C may come between two runs."""
    (job,) = jobs(str(tiny), "--out", str(tiny.parent / "elsewhere"))
    folder = begun(tiny)
    Book.resumed(folder).end("complete")

    assert "--resume" not in _farewell([dataclasses.replace(job, folder=folder), job])


def test_ctrl_c_before_the_command_has_begun_is_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its modules take seconds to read; an error of ours is told from it."""

    def stop() -> int:
        raise KeyboardInterrupt

    def fail() -> int:
        raise ZeroDivisionError

    assert run_or_harness_error("loadtests", stop) == INTERRUPTED
    assert capsys.readouterr().err == "loadtests: interrupted before anything was started\n"
    assert run_or_harness_error("loadtests", fail) == HARNESS_ERROR
    assert "this is a mistake of its own" in capsys.readouterr().err


@pytest.mark.processes
def test_the_command_itself_refuses_with_its_exit_code(tiny: Path) -> None:
    """As a shell sees it."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtests", str(tiny), "--out", str(tiny)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )

    assert done.returncode == USAGE_ERROR
    assert done.stderr == f"loadtests: --out: {tiny} cannot be made: File exists\n"
