"""Files that cannot be read: what is no TOML or no text, a bad trace, tasks without any task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.profile import ProfileError, load_profile, load_workload

if TYPE_CHECKING:
    from pathlib import Path

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
