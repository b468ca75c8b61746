"""A headless Chromium that tests can ask, spoken to through its pipe: no port and no driver."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_SECONDS = 60.0
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)


class Page:
    """One page of the browser; ``complaints`` has what its console and its scripts said."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    @property
    def complaints(self) -> list[str]:
        """Errors, warnings and uncaught exceptions so far."""
        return self._browser.complaints

    def open(self, path: Path, *, width: int = 1280, scheme: str = "light") -> None:
        """Load a file on a screen of this width."""
        self.send("Page.enable")
        self.send("Runtime.enable")
        self.send("Log.enable")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", features=features)
        self._browser.complaints.clear()
        self.send("Page.navigate", url=path.as_uri())
        self._browser.wait_for("Page.loadEventFired")

    def ask(self, expression: str) -> Any:
        """Evaluate an expression of JavaScript and return its value."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        about = {"key": key, "code": key, "modifiers": 8 if shift else 0}
        about |= {"windowsVirtualKeyCode": _CODES.get(key, 0)}
        self.send("Input.dispatchKeyEvent", type="rawKeyDown", **about)
        self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    def point(self, x: float, y: float) -> None:
        """Move the pointer."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def send(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Send a command of the DevTools protocol and wait for its answer."""
        return self._browser.send(method, session=self._session, **parameters)


_CODES = {
    "Tab": 9,
    "Escape": 27,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowRight": 39,
}


class Browser:
    """A running Chromium."""

    def __init__(self, read: int, write: int) -> None:
        self.complaints: list[str] = []
        self._read, self._write = read, write
        self._number = 0
        self._rest = b""
        self._events: list[str] = []

    @classmethod
    @contextlib.contextmanager
    def started(cls, profile: Path) -> Iterator[Self]:
        """Start it and end it with all its processes."""
        assert PROGRAM is not None
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()

        def place() -> None:
            # Chromium reads descriptor 3 and writes descriptor 4.
            high_in, high_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)

        process = subprocess.Popen(
            [PROGRAM, *_ARGUMENTS, f"--user-data-dir={profile}"],
            preexec_fn=place,  # noqa: PLW1509 - the tests have one thread
            pass_fds=(3, 4),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        os.set_blocking(ours_in, False)
        try:
            yield cls(ours_in, ours_out)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(ours_in)
            os.close(ours_out)

    def page(self) -> Page:
        """Open an empty page."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        told = self.send("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, told["sessionId"])

    def send(
        self, method: str, *, session: str | None = None, **parameters: Any
    ) -> Mapping[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message["error"]
                result: Mapping[str, Any] = message["result"]
                return result

    def wait_for(self, event: str) -> None:
        """Wait until an event was told since the last wait."""
        while event not in self._events:
            self._receive()
        self._events.clear()

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + _SECONDS
        while b"\0" not in self._rest:
            assert time.monotonic() < deadline, "the browser says nothing"
            with contextlib.suppress(BlockingIOError):
                piece = os.read(self._read, 1 << 20)
                assert piece, "the browser has ended"
                self._rest += piece
                continue
            select.select([self._read], [], [], 1.0)
        line, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        self._note(message)
        return message

    def _note(self, message: Mapping[str, Any]) -> None:
        method, told = message.get("method"), message.get("params", {})
        self._events.append(str(method))
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        if method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(str(told["entry"]["text"]))
        if method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(told["args"]))
