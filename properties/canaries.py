"""Canaries: a healthy run with one anomaly let into it, for every checker, judged as stored.

``python -m properties.canaries`` lets each one through all of the harness that comes after a run:
files on disk, reader, analysis, verdict, report, exit code. What a checker does not name here, it
would name nowhere.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from properties.healthy_run import CONTRACT, healthy_run
from properties.mutators import MUTATORS
from properties.spoiled_queues import BY_ANOMALY
from properties.stored_histories import judge, store
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.subjects.contract import Contract
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One anomaly in a run that has no other.

    Attributes:
        anomaly: the checker that has to name it.
        verdict: what the run is then.
        terms: what the contract has to say for the anomaly to be one.
    """

    name: str
    anomaly: str
    verdict: Verdict
    mutate: Callable[[list[Op], Any], list[Op]]
    terms: Mapping[str, Any]

    @property
    def contract(self) -> Contract:
        """What the run is judged by."""
        return dataclasses.replace(CONTRACT, **self.terms)

    def ops(self) -> list[Op]:
        """Return the spoiled history."""
        return list(_spoiled(self.mutate))


@functools.cache
def _spoiled(mutate: Callable[[list[Op], Any], list[Op]]) -> tuple[Op, ...]:
    return tuple(mutate(healthy_run(), prefer_the_model))


def prefer_the_model(options: Sequence[Any]) -> Any:
    """Pick the model task where it is among the options, else the first one."""
    return next((one for one in options if getattr(one, "task", one) == "model"), options[0])


CANARIES: Final = (
    *(
        Canary(
            name=mutator.name,
            anomaly=mutator.anomaly,
            verdict=Verdict.INVALID,
            mutate=mutator.mutate,
            terms=mutator.terms,
        )
        for mutator in MUTATORS
        if mutator.anomaly is not None
    ),
    *(
        Canary(
            name=mutate.__name__,
            anomaly=anomaly,
            # It says that a run proves nothing, and no more than that.
            verdict=Verdict.UNKNOWN if anomaly == "stats" else Verdict.INVALID,
            mutate=mutate,
            terms={},
        )
        for anomaly, mutations in BY_ANOMALY.items()
        for mutate in mutations
    ),
)


def main() -> int:
    """Judge all canaries and print what each one was named; fail if one was not noticed."""
    lines = [_line(canary) for canary in CANARIES]
    sys.stdout.write("".join(f"{'  ' if seen else '! '}{text}\n" for seen, text in lines))
    return 0 if all(seen for seen, _ in lines) else 1


def _line(canary: Canary) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory(prefix="killproof-canary-") as folder:
        outcome = judge(store(Path(folder), canary.ops(), canary.contract))
    others = sorted(outcome.named - {canary.anomaly})
    is_seen = canary.anomaly in outcome.named and outcome.verdict is canary.verdict
    named = canary.anomaly if canary.anomaly in outcome.named else "NOT NAMED"
    return is_seen, f"{canary.name:<28}{outcome.verdict:<9}{named:<26}{', '.join(others)}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
