"""The account that a server runs under, and folders that this account can reach.

Servers refuse to run as root. When the harness is root, a server runs under an account of the
system instead. No one's folder is opened up for that: what the account cannot reach is put into
a temporary folder.
"""

from __future__ import annotations

import dataclasses
import os
import pwd
import stat
import tempfile
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the system, by number."""

    user: int
    group: int


def service_account(*names: str) -> Account | None:
    """Choose the first account that exists, or nobody; None if we are not root."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user=entry.pw_uid, group=entry.pw_gid)
    raise OSError("This system has no account nobody: run the harness as an ordinary user.")


def can_reach(path: Path, account: Account | None) -> bool:
    """Tell whether an account may enter all folders above a path."""
    return account is None or all(_may_enter(parent, account) for parent in path.resolve().parents)


def make_home(folder: Path, name: str, account: Account | None) -> tuple[Path, bool]:
    """Make a folder that belongs to the account; tell whether it is a temporary one."""
    home, is_temporary = folder / name, not can_reach(folder / name, account)
    if is_temporary:
        home = Path(tempfile.mkdtemp(prefix="killproof-"))
    else:
        home.mkdir(mode=0o700)
    if account is not None:
        os.chown(home, account.user, account.group)
    return home, is_temporary


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.user:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.group:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
