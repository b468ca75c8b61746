"""The mutants that no test notices, each with the reason why that is all right.

They are listed in ``survivors.toml``. One that is not listed, or that is listed and no longer
survives, is named: the list is as true as the tests.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from properties.mutation.mutants import Mutant

LISTED: Final = Path(__file__).with_name("survivors.toml")

Reasons = dict[str, dict[str, str]]
"""The key of a reason, by module and by the name of a mutant."""


def read_listed(path: Path = LISTED) -> tuple[dict[str, str], Reasons]:
    """Return the reasons by their keys, and who survives for which; all of them are text."""
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return document["reasons"], document.get("survivors", {})


def complaints(
    mutants: Iterable[Mutant], reasons: Mapping[str, str], listed: Reasons, *, is_whole: bool
) -> Iterator[str]:
    """Say where the list and the mutants differ; only a whole run misses any."""
    there = list(mutants)
    surviving = {(mutant.module, mutant.name) for mutant in there if mutant.has_survived}
    known = {(module, name): key for module, names in listed.items() for name, key in names.items()}
    for module, name in sorted(surviving - set(known)):
        yield f"no test notices {module}.{name}, and no reason is listed"
    for module, name in sorted(set(known) - surviving):
        if is_whole or (module, name) in {(mutant.module, mutant.name) for mutant in there}:
            yield f"{module}.{name} is listed as a survivor, and is none"
    for key in sorted(set(known.values()) - set(reasons)):
        yield f"survivors.toml gives the reason {key!r}, and does not say what that means"
    for key in sorted(set(reasons) - set(known.values())):
        yield f"survivors.toml explains the reason {key!r}, and no mutant has it"


def write_listed(path: Path, reasons: Mapping[str, str], listed: Reasons) -> None:
    """Write the list in the order of the modules."""
    lines = ["[reasons]", *(f"{key} = {_quoted(reasons[key])}" for key in sorted(reasons))]
    for module in sorted(listed):
        lines += ["", f"[survivors.{_quoted(module)}]"]
        lines += [f"{_quoted(name)} = {_quoted(key)}" for name, key in listed[module].items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
