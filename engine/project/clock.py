"""A wall clock that is wrong: what processes of the run show the time by, moved by the harness.

A fault writes ``ROLE.json`` into the folder ``clock`` beside the orders::

    offset   seconds that the clock shows too much
    strobe   true: it shows them with every other statement only
    zone     the name of the time zone that the process believes to be in; optional

A process looks there at each statement of its database connections, so its clock is wrong from its
next statement on. Clocks that only measure (``time.monotonic``) are right, as on a real machine.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.backends.signals import connection_created

from engine.project.recorder import recorder

if TYPE_CHECKING:
    from collections.abc import Callable

ORDERS = "KILLPROOF_ORDERS"
ROLE = "KILLPROOF_ROLE"


def install() -> None:
    """Obey the harness's clock from now on, if the environment names a folder of orders."""
    if folder := os.environ.get(ORDERS):
        path = Path(folder) / "clock" / f"{os.environ.get(ROLE, 'worker')}.json"
        connection_created.connect(
            functools.partial(_attach, path), weak=False, dispatch_uid="killproof clock"
        )


def _attach(path: Path, *, connection: Any, **_: Any) -> None:
    """Look at the clock with each statement of a connection; Django reuses the object."""
    if not any(isinstance(wrapper, _Look) for wrapper in connection.execute_wrappers):
        connection.execute_wrappers.append(_Look(path))


class _Look:
    """Sets this process's clock before each statement."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Run the statement by the clock that the harness wants."""
        _clock(os.getpid()).follow(self._path)
        return execute(sql, params, many, context)


@functools.lru_cache(maxsize=1)
def _clock(_pid: int) -> _Clock:
    """Return this process's clock; a forked child says for itself what it shows."""
    return _Clock()


class _Clock:
    """The wall clock of this process."""

    def __init__(self) -> None:
        self._seen: tuple[int, ...] = ()
        self._wanted: dict[str, Any] = {}
        self._shown = 0.0

    def follow(self, path: Path) -> None:
        """Show what the file says, and say so in the history when that changes."""
        seen = _identity(path)
        if seen != self._seen:
            self._seen = seen
            with contextlib.suppress(OSError):
                self._wanted = json.loads(path.read_text()) if seen else {}
            self._enter_zone()
            self._show(float(self._wanted.get("offset", 0.0)))
            self._say()
        elif self._wanted.get("strobe"):
            self._show(0.0 if self._shown else float(self._wanted["offset"]))

    def _show(self, offset: float) -> None:
        if offset != self._shown:
            _travelled().shift(datetime.timedelta(seconds=offset - self._shown))
            self._shown = offset

    def _enter_zone(self) -> None:
        os.environ["TZ"] = str(self._wanted.get("zone", "UTC"))
        time.tzset()

    def _say(self) -> None:
        if history := recorder("gate"):
            value = {"pid": os.getpid(), "offset": self._shown, "shows": time.time()}
            history.write("ok", "clock", value=value)


def _identity(path: Path) -> tuple[int, ...]:
    """Return what changes whenever the file is replaced; empty if there is none."""
    with contextlib.suppress(OSError):
        about = path.stat()
        return (about.st_ino, about.st_mtime_ns)
    return ()


@functools.cache
def _travelled() -> Any:
    """Return the coordinates of a clock that can be moved; it is right at first.

    Started once, before any fork or in the child: whichever comes first.
    """
    import time_machine

    return time_machine.travel(datetime.datetime.now(tz=datetime.UTC), tick=True).start()
