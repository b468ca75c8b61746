"""The lines of a history: what is an op, and what is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reports.schema import Op, TwoFilesError, read_history

if TYPE_CHECKING:
    from pathlib import Path

FIELDS: dict[str, Any] = {"time": 1, "process": "audit", "type": "ok", "f": "claim"}


def line(**fields: Any) -> str:
    """Return an op as a line, with these fields."""
    return json.dumps({**FIELDS, **fields})


def test_an_op_is_read_as_it_was_written() -> None:
    """With and without the fields that may be left out."""
    full = {"task": "a", "attempt": 1, "token": 2, "value": {"row": 3}, "database_time": 4.5}
    for fields in ({}, full, {"time": 1.5, "error": "OSError: gone"}):
        op = Op.from_json(line(**fields))
        assert Op.from_json(op.to_json()) == op == Op(**{**FIELDS, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"time": "12"},
        {"time": True},
        {"time": float("nan")},
        {"time": 10**400},
        {"process": None},
        {"f": 7},
        {"type": "maybe"},
        {"task": 7},
        {"attempt": "1"},
        {"token": "1"},
        {"value": []},
        {"value": None},
        {"error": {}},
        {"database_time": float("inf")},
    ],
)
def test_a_field_of_the_wrong_type_is_named_with_its_line(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    """Before any checker stumbles over it."""
    (tmp_path / "history").mkdir()
    path = tmp_path / "history" / "audit-1.ndjson"
    path.write_text(f"{line()}\n{line(**fields)}\n")
    with pytest.raises(ValueError, match="line 2: not an op: its") as caught:
        read_history(tmp_path)
    assert str(path) in str(caught.value)
    assert f"its {next(iter(fields))} is" in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 200_000, line()[:-1] + ', "value": ' + "[" * 200_000])
def test_a_line_that_is_nested_too_deeply_is_no_op(text: str) -> None:
    """One sentence, whatever the parser makes of it."""
    with pytest.raises(ValueError, match=r"nested too deeply|Expecting"):
        Op.from_json(text)


def test_a_process_that_speaks_in_two_files_is_named(tmp_path: Path) -> None:
    """Each process has one file, so somebody has copied ops."""
    (tmp_path / "history").mkdir()
    for name in ("a", "b"):
        (tmp_path / "history" / f"{name}.ndjson").write_text(line() + "\n")
    with pytest.raises(TwoFilesError, match=r"audit speaks in a\.ndjson and in b\.ndjson"):
        read_history(tmp_path)
