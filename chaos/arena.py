"""What a fault may lay hands on: the processes, the database and the files of one run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping
    from pathlib import Path

    from chaos.bodies import Bodies
    from chaos.cluster import Cluster
    from chaos.plan import Plan
    from chaos.proxy import Proxy
    from engine.databases import Database
    from engine.project.recorder import Recorder
    from engine.subjects import Subject


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """The things of one run.

    Attributes:
        bodies: which task runs in which process, as far as its body has told.
        rng: for choices that cannot be made before the run; seeded by the plan.
        proxies: what the connections of ``worker`` and ``producer`` processes go through; empty
            unless the plan has a fault of the network.
        orders: the folder of the orders that processes of the run carry out themselves, as
            ``engine.project.orders`` describes.
    """

    plan: Plan
    cluster: Cluster
    bodies: Bodies
    database: Database
    subject: Subject
    history: Recorder
    rng: random.Random
    proxies: Mapping[str, Proxy]
    orders: Path
