"""What a database leaves in the system while it runs, to see afterwards that it is gone."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from engine.databases import container_removal, guardian, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The processes, the folders, the containers and the port of one running database."""

    processes: tuple[psutil.Process, ...]
    folders: tuple[Path, ...]
    containers: tuple[str, ...]
    port: int

    @classmethod
    def of(cls, process: psutil.Process, url: str) -> Traces:
        """Collect the traces of a database that a process runs."""
        children = process.children(recursive=True)
        guardians = [
            command for child in children if guardian.__file__ in (command := _command(child))
        ]
        farewells = [json.loads(command[-2]) for command in guardians]
        removals = [farewell for farewell in farewells if container_removal.__file__ in farewell]
        return cls(
            processes=tuple(children),
            folders=tuple(Path(command[-1]) for command in guardians if command[-1]),
            containers=tuple(removal[-1] for removal in removals),
            port=parse_url(url).port,
        )

    def remaining(self) -> list[object]:
        """List what is still there."""
        return [
            *alive(self.processes),
            *(folder for folder in self.folders if folder.exists()),
            *(container for container in self.containers if _exists(container)),
            *([self.port] if self.port and _listens(self.port) else []),
        ]

    def remaining_at_last(self) -> list[object]:
        """List what is still there after all ends had their time."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (remaining := self.remaining()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return remaining


def environment() -> dict[str, str]:
    """Write the environment of a harness of its own that imports what we import."""
    folders = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """List the processes that have not ended; whether they were buried is the system's affair."""
    return [process for process in processes if _is_alive(process)]


def alive_at_last(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """List the processes that have not ended after all had their time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (remaining := alive(processes)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return remaining


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _exists(container: str) -> bool:
    from testcontainers.core.docker_client import DockerClient

    client = DockerClient().client
    try:
        return bool(client.containers.list(all=True, filters={"name": container}))
    finally:
        client.close()
