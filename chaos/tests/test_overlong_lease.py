"""The checker ``overlong-lease``."""

from __future__ import annotations

from chaos.checkers import CHECKERS
from chaos.tests.judging import CONTRACT, assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "overlong-lease"


def test_a_lease_of_the_recovery_time_is_right() -> None:
    """Also a shorter one, and a tenth of a second more."""
    for until in (7.0, 3.0, 7.09):
        assert_valid(NAME, Script().enqueue(1.0).claim(2.0, until=until))


def test_a_longer_lease_is_found() -> None:
    """The proof names both times."""
    proof = only_anomaly(NAME, Script().enqueue(1.0).claim(2.0, token=6, until=62.0)).proof
    assert proof == (
        "a claim of row 1 at 2.00 s gave token 6 a lease of 60.00 s by the database's clock,"
        " where 5 s are promised"
    )


def test_a_renewal_counts_from_its_own_time() -> None:
    """It may go on as long as its worker lives, and no longer."""
    held = Script().enqueue(1.0).claim(2.0).heartbeat(6.0, 1, until=11.0)
    assert_valid(NAME, held)
    assert "a heartbeat of row 1" in only_anomaly(NAME, held.heartbeat(8.0, 1, until=16.0)).proof


def test_claims_without_a_lease_put_nothing_to_the_test() -> None:
    """And a contract without leases has no such check."""
    assert check(NAME, Script().enqueue(1.0).finish(3.0)).verdict == Verdict.UNKNOWN
    (checker,) = (checker for checker in CHECKERS if checker.name == NAME)
    assert checker.can_be_seen(CONTRACT)


def test_only_what_gives_a_lease_is_judged() -> None:
    """Who changes a row by hand may write what he likes."""
    script = Script().enqueue(1.0).audit(2.0, "changed", lease_until=1090.0)
    assert check(NAME, script).exercised == 0
