"""Which faults wait for one another."""

from __future__ import annotations

from chaos.faults import FAULTS


def test_of_every_fault_that_uses_the_server_it_is_known_how() -> None:
    """One that is missing here could keep the harness waiting for what only it can heal."""
    users = {name: fault.server for name, fault in FAULTS.items() if fault.server != "alone"}
    assert users == {
        "database-pause": "halted",
        "database-restart": "halted",
        "database-sigkill": "halted",
        "table-lock": "halted",
        "row-locks": "asked",
        "long-snapshot": "asked",
        "pool-exhausted": "asked",
        "session-ended": "asked",
        "sqlite-writer": "asked",
    }
