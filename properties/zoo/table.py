"""The table of the zoo: how soon each broken engine was caught, and as what.

``python -m properties.zoo.table FOLDER`` prints what ``nox -s zoo`` stored there, and writes it
beside it as ``zoo.md``, with the smallest counterexamples. Exit 1 if a row is wrong or missing.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Column, Table

from chaos.zoo import SPECIMENS
from chaos.zoo.correct import CORRECT
from properties.zoo import speed as speeds
from properties.zoo.catches import Catch, load

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("engine", "database", "layer", "named", "examples", "of", "s")


def cells(catch: Catch) -> tuple[str, ...]:
    """Return a row: the median over the seeds, and the slowest where they differ."""
    mark = "✔" if catch.is_right else "✘"
    named = ", ".join(sorted({name or "nothing" for name in catch.named})) or "nothing"
    layer = f"{catch.layer}: {catch.where}" if catch.where else catch.layer
    examples = f"{statistics.median(catch.examples):g}"
    if len(catch.examples) > 1:
        examples += f" ({max(catch.examples)})"
    seconds = f"{statistics.median(catch.seconds):.1f}"
    return (
        catch.specimen,
        catch.database,
        layer,
        f"{mark} {named}",
        examples,
        "all" if catch.layer == "crash-point" else str(catch.budget),
        seconds,
    )


def missing(catches: Sequence[Catch]) -> list[str]:
    """Return who should have been hunted on the databases of this folder and was not.

    Real processes may be left out on a database (``-k "not real_processes"``), altogether.
    """
    with_chaos = {catch.database for catch in catches if catch.layer == "chaos"}
    seen = {(catch.specimen, catch.database) for catch in catches}
    databases = sorted({catch.database for catch in catches})
    broken = {
        (engine.name, database)
        for engine in SPECIMENS
        for database in databases
        if database in engine.databases and (engine.layer != "chaos" or database in with_chaos)
    }
    right = {(engine.name, database) for engine in CORRECT for database in databases}
    wanted = broken | right
    return [f"{name} on {database}" for name, database in sorted(wanted - seen)]


def markdown(catches: Sequence[Catch]) -> str:
    """Return the table, then each engine with its story and its smallest counterexample."""
    lines = ["# The zoo", "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cells(catch)) + " |" for catch in catches]
    for catch in catches:
        lines += ["", f"## {catch.specimen} on {catch.database}", "", f"{catch.summary}."]
        lines += ["", f"Where it happened: {catch.provenance}."]
        if catch.counterexample:
            lines += ["", "```", *catch.counterexample.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def _table(catches: Sequence[Catch]) -> Table:
    """Return the table of one database."""
    columns = [Column(name, overflow="fold") for name in COLUMNS if name != "database"]
    table = Table(*columns, title=catches[0].database, box=box.SIMPLE_HEAD, pad_edge=False)
    for catch in catches:
        engine, _, *others = cells(catch)
        table.add_row(engine, *others, style="" if catch.is_right else "bold red")
    return table


def main(folder: Path) -> int:
    """Print the table; return the exit code."""
    catches = sorted(load(folder), key=lambda catch: (not catch.wanted, catch.specimen))
    if not catches:
        sys.stderr.write(f"{folder} holds no catches; run nox -s zoo first\n")
        return 254
    console = Console(soft_wrap=True)
    for database in sorted({catch.database for catch in catches}):
        console.print(_table([catch for catch in catches if catch.database == database]))
    console.print("examples: the median over the seeds (and the most). s: seconds, likewise.")
    (folder / "zoo.md").write_text(markdown(catches))
    for speed in speeds.load(folder):
        console.print(
            f"{speed.database}: a schedule of '{speed.race}' ({speed.steps} steps) takes"
            f" {speed.median_ms} ms, a tenth more than {speed.p90_ms} ms ({speed.versions})"
        )
    absent = missing(catches)
    for name in absent:
        console.print(f"✘ {name} was not hunted: its test failed before it could be")
    wrong = [catch for catch in catches if not catch.is_right]
    console.print(f"{len(catches) - len(wrong)} as they must be, {len(wrong) + len(absent)} not")
    console.print(f"with the smallest counterexamples: {folder / 'zoo.md'}")
    return 1 if wrong or absent else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "reports/zoo")))
