"""What a step used and where its database waited, sampled beside the load and told afterwards.

Nothing here may fail a step: a database that dies in the middle of one ends its sampling, and the
resources of the step say so by their fewer samples.
"""

from loadtests.probes.database import probe_for
from loadtests.probes.host import HostProbe
from loadtests.probes.ledger import per_task
from loadtests.probes.machine import machine_facts
from loadtests.probes.observed import DatabaseProbe, Observed
from loadtests.probes.together import Probes

__all__ = [
    "DatabaseProbe",
    "HostProbe",
    "Observed",
    "Probes",
    "machine_facts",
    "per_task",
    "probe_for",
]
