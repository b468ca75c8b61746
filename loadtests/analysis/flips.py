"""What the flip of a knob says about the suspect that it tests.

A flip *proves* that a resource limits if the capacity moves as it then must; that it does not move
*refutes* it only where it must have moved. A knob that adds a burden, such as a network delay,
shows what the burden costs: it proves a bottleneck only where sampling has found one too.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.load_schema import Ratio

CONTROL: Final = "A/A"
CAPACITY_METRICS: Final = ("goodput", "drain_rate", "capacity")
LEAST_MOVE: Final = 0.1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the flip of a knob means for a suspect.

    Attributes:
        label: of the suspect.
        must_go: where the capacity goes if the suspect is the bottleneck.
        refutes: whether an unmoved capacity clears the suspect.
    """

    label: str
    must_go: Literal["up", "down", "either"]
    refutes: bool = True


MEANINGS: Final[Mapping[str, Meaning]] = {
    "durability": Meaning(label="commit_flush", must_go="up"),
    "workers": Meaning(label="python_cpu", must_go="either"),
    "workers_doubled": Meaning(label="python_cpu", must_go="up"),
    # One worker less may be too small a change to feel.
    "workers_fewer": Meaning(label="row_locks", must_go="up", refutes=False),
    "polling": Meaning(label="polling", must_go="either"),
    "polling_slower": Meaning(label="polling", must_go="up"),
    # Processes that never say that they are done with a connection keep it all the same.
    "pool": Meaning(label="connections", must_go="either", refutes=False),
    # More rows that are finished are not more rows that are dead.
    "history": Meaning(label="bloat", must_go="down", refutes=False),
    "delay": Meaning(label="network", must_go="down"),
    "network_delay": Meaning(label="network", must_go="down"),
    "batch": Meaning(label="row_locks", must_go="either", refutes=False),
    "body": Meaning(label="worker_slots", must_go="either"),
}
WORKER_KNOBS: Final = ("workers", "workers_doubled")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A ratio of capacities, and what its knob tests; None for a knob that tests no suspect."""

    ratio: Ratio
    meaning: Meaning | None

    @property
    def move(self) -> float:
        """How far the capacity moved, the same for twice and for half; 0 if nothing is claimed."""
        median, low, high = self.ratio.median, self.ratio.low, self.ratio.high
        if self.ratio.claim != "claimed" or not median or low is None or high is None:
            return 0.0
        return 0.0 if low <= 1 <= high else abs(math.log(median))

    @property
    def has_moved(self) -> bool:
        """Whether the capacity moved by a tenth or more."""
        return self.move >= math.log(1 + LEAST_MOVE)

    @property
    def is_relief(self) -> bool:
        """Whether the capacity rose; a burden that lowers it is no rival of a relief."""
        return (self.ratio.median or 0.0) > 1

    @property
    def fits(self) -> bool:
        """Whether it moved where it must if the suspect is the bottleneck."""
        if self.meaning is None or not self.has_moved:
            return False
        way = "up" if self.is_relief else "down"
        return self.meaning.must_go in {way, "either"}

    @property
    def clears(self) -> bool:
        """Whether it shows that the suspect is not the bottleneck."""
        is_told = self.ratio.claim != "withheld"
        return self.meaning is not None and self.meaning.refutes and is_told and not self.has_moved


def is_outdone(flip: Flip, flips: Iterable[Flip]) -> bool:
    """Tell whether relieving something else moved the capacity more than this flip did.

    A round trip that takes longer lowers any capacity, by as much as one likes: what a burden does
    is compared with nothing, and proves its suspect only if no relief of another one helped.
    """
    label = None if flip.meaning is None else flip.meaning.label
    rivals = [
        each
        for each in flips
        if each.has_moved
        and each.is_relief
        and (each.meaning is None or each.meaning.label != label)
    ]
    return any(rival.move > flip.move or not flip.is_relief for rival in rivals)


def flips_of(ratios: Iterable[Ratio], *, sleeps: bool, is_full: bool) -> tuple[Flip, ...]:
    """Return the flips among the ratios of one target, the one that moved most first.

    Args:
        ratios: the control with itself may be among them: an effect within it is none.
        sleeps: whether the workers mostly wait in bodies: their number is then what is tested.
        is_full: whether the machine has no idle core: more workers then cannot help, so that they
            did not clears nobody.
    """
    told = [each for each in ratios if each.metric in CAPACITY_METRICS]
    controls = {each.metric: each for each in told if each.name == CONTROL}
    flips = (
        Flip(
            ratio=_checked(each, controls.get(each.metric)),
            meaning=_meaning(each.name, sleeps, is_full),
        )
        for each in told
        if each.name != CONTROL
    )
    return tuple(sorted(flips, key=lambda flip: -flip.move))


def _meaning(knob: str, sleeps: bool, is_full: bool) -> Meaning | None:
    meaning = MEANINGS.get(knob)
    if meaning is None or knob not in WORKER_KNOBS:
        return meaning
    label = "worker_slots" if sleeps else "python_cpu"
    return dataclasses.replace(meaning, label=label, refutes=not is_full)


def _checked(ratio: Ratio, control: Ratio | None) -> Ratio:
    """Take a claim back that does not clear the control's interval with itself."""
    ends = (ratio.low, ratio.high, *((control.low, control.high) if control else (None, None)))
    low, high, least, most = ends
    if low is None or high is None or least is None or most is None:
        return ratio
    is_within = ratio.claim == "claimed" and low <= most and high >= least
    return dataclasses.replace(ratio, claim="no difference") if is_within else ratio
