"""All knobs by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from loadtests.knobs.body import Body
from loadtests.knobs.delay import Delay
from loadtests.knobs.durability import Durability
from loadtests.knobs.history import History
from loadtests.knobs.knob import Knob, KnobError
from loadtests.knobs.processes import Processes
from loadtests.knobs.settings import Batch, Polling, Pool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from engine.contenders.contender import Site
    from loadtests.knobs.knob import Turned

_KNOBS: Final[tuple[Knob, ...]] = (
    Durability(name="durability", suspect="commit_flush"),
    Processes(name="workers", suspect="python_cpu", added=1),
    Processes(name="workers_doubled", suspect="python_cpu", factor=2),
    Processes(name="workers_fewer", suspect="row_locks", added=-1),
    # Slower than the tenth of a second of the shipped profiles, and than what most queues do.
    Polling(name="polling", suspect="polling", sleep_seconds=1.0),
    Polling(name="polling_slower", suspect="polling", sleep_seconds=10.0),
    Pool(name="pool", suspect="connections"),
    History(name="history", suspect="bloat", rows=100_000),
    Delay(name="network_delay", suspect="network", round_trip_ms=2.0),
    Batch(name="batch", suspect="row_locks", tasks=1),
    Body(name="body", suspect="worker_slots", work_ms=5.0),
)
KNOBS: Final[Mapping[str, Knob]] = {knob.name: knob for knob in _KNOBS}


def knob_named(name: str) -> Knob:
    """Return the knob of this name.

    Raises:
        KnobError: there is none.
    """
    if name not in KNOBS:
        raise KnobError(f"{name!r} is no knob that we know: choose of {', '.join(KNOBS)}.")
    return KNOBS[name]


def applied(knob: Knob, site: Site, workload: Mapping[str, Any]) -> AbstractContextManager[Turned]:
    """Turn a knob until the end of the block, which is given the changed site and workload.

    Raises:
        KnobError: it does not fit the site, or did not take effect.
    """
    return knob.turned(site, workload)
