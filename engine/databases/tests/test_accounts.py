"""Which account a server runs under, and where its folder is then made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.databases.accounts import Account, can_reach, make_home, service_account

if TYPE_CHECKING:
    import pytest

STRANGER = Account(user=54321, group=54321)


def test_a_closed_folder_above_is_out_of_reach(tmp_path: Path) -> None:
    """Whoever may not enter one of the folders cannot get at what is in it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not can_reach(closed / "data", STRANGER)
    assert can_reach(closed / "data", None)


def test_an_open_path_is_within_reach() -> None:
    """The root folder is open to everybody."""
    assert can_reach(Path("/data"), STRANGER)


def test_an_ordinary_user_runs_servers_under_the_own_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data is then in the folder of the run."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    account = service_account("postgres")

    assert account is None
    assert make_home(tmp_path, "postgresql", account) == (tmp_path / "postgresql", False)


def test_root_runs_servers_under_an_account_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that is not there is passed over."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    account = service_account("no-such-account")

    assert account is not None
    assert account.user != 0
