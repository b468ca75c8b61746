"""``python -m properties.mutation``: mutate the checkers, run their pure tests, judge the tests.

Fails if fewer than 95 of 100 mutants are noticed, if one survives without a listed reason, or if
one that is listed does not survive any more.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from properties.mutation.mutants import read_mutants
from properties.mutation.sandbox import make_sandbox, run_mutmut
from properties.mutation.scores import Score, as_table
from properties.mutation.survivors import LISTED, complaints, read_listed, write_listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.mutation.mutants import Mutant

STORED: Final = Path(__file__).with_name("scores.md")
LEAST: Final = 0.95
UNEXPLAINED: Final = "unexplained"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry it out and return the exit code."""
    options = _parser().parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="killproof-mutation-") as name:
        sandbox = Path(name)
        make_sandbox(sandbox)
        patterns = [f"chaos*.{module}.x*" for module in options.modules]
        code = run_mutmut(sandbox, patterns, processes=options.processes)
        mutants = read_mutants(sandbox)
        if code or not mutants:
            sys.stderr.write((sandbox / "mutmut.log").read_text()[-4000:])
            sys.stderr.write("mutation: mutmut did not come to its end; its last words are above\n")
            return 1
    judged = [mutant for mutant in mutants if mutant.is_judged]
    sys.stdout.write(f"{len(judged)} mutants in {time.monotonic() - begun:.0f} s\n")
    return _report(judged, is_whole=not options.modules, writes=options.write)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s mutation --", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only these, such as lost or duplicated_effect")
    parser.add_argument("--processes", type=int, default=2, help="tests at the same time")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write scores.md and survivors.toml anew; who survives newly is to be explained there",
    )
    return parser


def _report(judged: Sequence[Mutant], *, is_whole: bool, writes: bool) -> int:
    scores = Score.of_modules(judged)
    table = as_table(scores)
    sys.stdout.write(table)
    if writes and is_whole:
        STORED.write_text(table, encoding="utf-8")
        _write_survivors(judged)
    reasons, listed = read_listed()
    wrong = list(complaints(judged, reasons, listed, is_whole=is_whole))
    if is_whole and scores[-1].share < LEAST:
        wrong.append(f"the tests notice {scores[-1].share:.1%} of the mutants, not {LEAST:.0%}")
    for sentence in wrong:
        sys.stderr.write(f"mutation: {sentence}\n")
    return 1 if wrong else 0


def _write_survivors(judged: Sequence[Mutant]) -> None:
    """Keep the reasons of those that survive still."""
    reasons, known = read_listed()
    listed: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for mutant in judged:
        if mutant.has_survived:
            key = known.get(mutant.module, {}).get(mutant.name, UNEXPLAINED)
            listed[mutant.module][mutant.name] = key
    used = {key for names in listed.values() for key in names.values()}
    write_listed(LISTED, {key: reasons[key] for key in used & set(reasons)}, listed)


if __name__ == "__main__":
    sys.exit(main())
