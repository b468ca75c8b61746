"""How a lease ended, told from the audit: what more than one checker asks of a claim.

The times are of the run's clock, converted from the database's.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from chaos.checkers.checker import DATABASE_TICK_SECONDS

if TYPE_CHECKING:
    from chaos.rows import Claim


def has_run_out(claim: Claim) -> bool:
    """Tell whether nothing but its time ended the lease."""
    # An ending in the very moment is the reaper's, whose clock may have milliseconds only.
    return claim.ended >= claim.lease_until - DATABASE_TICK_SECONDS


def has_lapsed(claim: Claim) -> bool:
    """Tell whether a renewal came when the lease that it renewed was over already."""
    ops = (claim.op, *claim.renewals)
    return any(
        (renewal.database_time or 0.0) >= float(former.value.get("lease_until") or math.inf)
        for former, renewal in itertools.pairwise(ops)
    )


def lease_end(claim: Claim) -> float:
    """Return when the lease would end by its time alone."""
    return claim.op.time + (claim.lease_until - claim.began) * 1e9


def claim_end(claim: Claim) -> float:
    """Return when the lease did end: by its time, or because the claim ended before."""
    return claim.op.time + (claim.ended - claim.began) * 1e9
