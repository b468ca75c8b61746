"""The zoo: the reference engine, broken in one way each, to show that the harness notices.

A specimen is the real engine with one small change: a rewritten statement, or a function in the
place of one of its own. ``SPECIMENS`` says of each where that happened in a real project, as what
it must be caught, and by which layer of the harness. Each is a subject of chaos, too:
``nox -s chaos -- --subject chaos.zoo:no_reaper`` must come out INVALID, and name its anomaly.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from chaos.zoo.claiming import CLAIMING
from chaos.zoo.ending import ENDING
from chaos.zoo.enqueueing import ENQUEUEING
from chaos.zoo.leasing import LEASING
from chaos.zoo.operating import OPERATING
from chaos.zoo.periodic import PERIODIC
from chaos.zoo.specimen import Specimen
from chaos.zoo.subject import BrokenBackgroundTask
from chaos.zoo.working import WORKING

__all__ = ["SPECIMENS", "BrokenBackgroundTask", "Specimen"]

SPECIMENS: Final = (
    *CLAIMING,
    *ENDING,
    *LEASING,
    *ENQUEUEING,
    *PERIODIC,
    *OPERATING,
    *WORKING,
)

globals().update({specimen.name: partial(BrokenBackgroundTask, specimen) for specimen in SPECIMENS})
