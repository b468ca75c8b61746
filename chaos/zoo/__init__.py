"""The zoo: the reference engine, broken in one way each, to show that the harness notices.

A specimen is the real engine whose SQL is rewritten on its way to the database, so that exactly one
safeguard is gone. ``nox -s chaos -- --subject chaos.zoo:no_reaper`` puts one to the test; it must
come out INVALID, and name its anomaly.
"""

from __future__ import annotations

from functools import partial

from chaos.zoo.specimens import SPECIMENS, BrokenBackgroundTask, Specimen

__all__ = ["SPECIMENS", "BrokenBackgroundTask", "Specimen"]

globals().update({specimen.name: partial(BrokenBackgroundTask, specimen) for specimen in SPECIMENS})
