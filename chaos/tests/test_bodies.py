"""Following the bodies of a run while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.bodies import Bodies
from reports.schema import Op

if TYPE_CHECKING:
    from pathlib import Path


def say(folder: Path, pid: int, type_: str, task: str, *, cut: bool = False) -> None:
    """Have a body write a line, or the half of one."""
    op = Op(time=1, process=f"body-{pid}", type=type_, f="attempt", task=task)  # type: ignore[arg-type]
    line = op.to_json() + "\n"
    with (folder / f"body-{pid}.ndjson").open("a") as file:
        file.write(line[:20] if cut else line)


def test_a_start_seen_while_a_kill_is_confirmed_is_still_reported(tmp_path: Path) -> None:
    """No start is swallowed: each may be the trigger of a kill."""
    bodies = Bodies(tmp_path)
    say(tmp_path, 7, "invoke", "victim")

    bodies.catch_up()

    assert [start.task for start in bodies.new_starts()] == ["victim"]
    assert not list(bodies.new_starts())


def test_a_body_runs_from_its_start_to_its_end(tmp_path: Path) -> None:
    """Whether a kill landed in a body is read off the last line that its process wrote."""
    bodies = Bodies(tmp_path)
    say(tmp_path, 7, "invoke", "a")
    bodies.catch_up()

    assert bodies.running == {7: "a"}

    say(tmp_path, 7, "ok", "a")
    bodies.catch_up()

    assert bodies.running == {}


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    """A process that is writing, or that was killed while it wrote, is no error."""
    bodies = Bodies(tmp_path)
    say(tmp_path, 7, "invoke", "a")
    say(tmp_path, 7, "ok", "a", cut=True)

    bodies.catch_up()

    assert bodies.running == {7: "a"}
