"""A server in a container, through testcontainers, published on a fixed port of 127.0.0.1.

Its guardian removes the container when the harness ends, however it ends, so the helper
container that testcontainers would start for that is not needed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine.databases import container_removal
from engine.databases.address import Address
from engine.databases.embedded import DATABASE
from engine.databases.embedded_mysql import MARIADB_INSTRUMENTS
from engine.databases.failures import ServerFailed, Unavailable
from engine.databases.ports import free_port
from engine.databases.processes import Guardian

if TYPE_CHECKING:
    from docker.models.containers import Container
    from testcontainers.core.generic import DbContainer

_IMAGES = {"postgresql": "postgres:18", "mysql": "mysql:9", "mariadb": "mariadb:11"}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
_USERS = {"postgresql": "killproof", "mysql": "root", "mariadb": "root"}
# What a load test reads beside the load; the images' servers have it all built in.
_POSTGRESQL_SETTINGS = (
    "fsync=on",
    "max_connections=200",
    "shared_preload_libraries=pg_stat_statements",
    "track_io_timing=on",
    "track_wal_io_timing=on",
)
_MYSQL_OPTIONS = (
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=1",
    "--sync-binlog=1",
    "--max-connections=200",
    "--character-set-server=utf8mb4",
    "--performance-schema=ON",
    "--innodb-monitor-enable=trx_%commits",
)
_COMMANDS = {
    "postgresql": ("postgres", *(f"-c{setting}" for setting in _POSTGRESQL_SETTINGS)),
    "mysql": _MYSQL_OPTIONS,
    "mariadb": (*_MYSQL_OPTIONS, *MARIADB_INSTRUMENTS),
}
_DEFAULT_ENGINE = "unix:///var/run/docker.sock"
_STOP_SECONDS = 30
_LAST_LINES = 15


class ContainerServer:
    """A server in a container."""

    can_kill: ClassVar[bool] = True

    def __init__(self, name: str, folder: Path) -> None:
        check_testcontainers(name)
        self.address = Address(
            name=name,
            database=DATABASE,
            user=_USERS[name],
            password=secrets.token_hex(12),
            port=free_port(),
        )
        self._image = image_of(name)
        self._log = folder / f"{name}.log"
        self._guardian: Guardian | None = None
        self._container: DbContainer | None = None
        fetch_image(name, self._image)

    def start(self) -> None:
        """Create the container and wait for what testcontainers waits for."""
        if self._container is not None:
            return
        label = f"killproof-{self.address.name}-{secrets.token_hex(6)}"
        self._guardian = Guardian(
            farewell=[sys.executable, "-P", container_removal.__file__, label]
        )
        self._container = _container(self._image, label, self.address)
        try:
            self._container.start()
        except Exception as error:
            raise ServerFailed(
                self.address.name,
                reason=f"its container did not come up ({error})",
                last_words=self.last_words(),
            ) from error

    def stop(self) -> None:
        """Remove the container, with its data; its log goes to the folder."""
        if self._container is None or self._guardian is None:
            return
        with contextlib.suppress(Exception):
            self._log.write_bytes(self._docker.logs())
        self._guardian.end()
        self._container.get_docker_client().client.close()
        self._container = self._guardian = None

    def kill(self) -> tuple[int, ...]:
        """Kill all processes in the container and wait until they are gone."""
        if self.has_ended():
            return ()
        killed = tuple(pid for pid, _ in self._listed())
        self._docker.kill("SIGKILL")
        self._docker.wait(timeout=_STOP_SECONDS)
        return killed

    def shut_down(self) -> tuple[int, ...]:
        """Have the container stopped as its image wants it, which ends its sessions at once."""
        if self.has_ended():
            return ()
        ended = tuple(pid for pid, _ in self._listed())
        self._docker.stop(timeout=_STOP_SECONDS)
        return ended

    def restart(self) -> None:
        """Start the container again: its port and its data are part of it."""
        self.kill()
        self._docker.start()

    def pids(self) -> tuple[int, ...]:
        """Tell the ids of the processes in the container that are processes of this host too."""
        if self.has_ended():
            return ()
        return tuple(pid for pid, command in self._listed() if _is_of_this_host(pid, command))

    def pause(self) -> None:
        """Freeze the container."""
        self._docker.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._docker.unpause()

    def has_ended(self) -> bool:
        """Tell whether the container is not running."""
        if self._container is None:
            return True
        self._docker.reload()
        return self._docker.status not in {"running", "paused"}

    def last_words(self) -> str:
        """Read the last lines that the container printed."""
        try:
            log: bytes = self._docker.logs(tail=_LAST_LINES)
        except Exception:  # noqa: BLE001 - a log that cannot be had must not hide the failure
            return "(no log)"
        return log.decode(errors="replace").strip()

    def _listed(self) -> list[tuple[int, str]]:
        """List the engine's ids and command lines of the processes in the container."""
        rows = self._docker.top()["Processes"]
        return [(int(row[1]), str(row[-1])) for row in rows]

    @property
    def _docker(self) -> Container:
        if self._container is None:
            raise Unavailable(
                self.address.name, reason="its container is not running", install="start it first"
            )
        return self._container.get_wrapped_container()


def _is_of_this_host(pid: int, command: str) -> bool:
    """Tell whether the process runs here: the engine may be in a machine of its own.

    There, the number may be that of another process here, so the command line decides.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return False
    return b" ".join(words).decode(errors="replace").strip() == command.strip()


def image_of(name: str) -> str:
    """Choose the image: the environment's, or the usual one."""
    return os.environ.get(f"KILLPROOF_{name.upper()}_IMAGE") or _IMAGES[name]


def check_testcontainers(name: str) -> None:
    """Raise Unavailable unless testcontainers can be imported, set up for 127.0.0.1."""
    # They are read when testcontainers is imported.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
    try:
        import testcontainers.community.mysql
        import testcontainers.community.postgres  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            name,
            reason=f"containers need testcontainers, which cannot be imported ({error})",
            install="type: pip install testcontainers",
        ) from error


def fetch_image(name: str, image: str) -> None:
    """Raise Unavailable unless an engine answers and has the image, or can pull it."""
    from docker.errors import DockerException, ImageNotFound
    from testcontainers.core.docker_client import DockerClient

    try:
        _check_socket()
        client = DockerClient().client
    except (OSError, DockerException) as error:
        raise Unavailable(
            name, reason="no docker engine answers", install="start docker"
        ) from error
    with contextlib.closing(client):
        try:
            client.images.get(image)
        except ImageNotFound:
            _pull(client, name, image)


def _check_socket() -> None:
    """Raise OSError if the engine's socket is one of a file and nobody listens on it.

    The client would find out too, but leaves its own socket open when it does.
    """
    from testcontainers.core.docker_client import get_docker_host

    _, is_file, path = (get_docker_host() or _DEFAULT_ENGINE).partition("unix://")
    if is_file:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)


def _pull(client: Any, name: str, image: str) -> None:
    from docker.errors import DockerException

    try:
        client.images.pull(image)
    except DockerException as error:
        variable = f"KILLPROOF_{name.upper()}_IMAGE"
        raise Unavailable(
            name,
            reason=f"the image {image} is not here and cannot be pulled",
            install=f"type: docker pull {image}, or name another image in {variable}",
        ) from error


def _container(image: str, label: str, address: Address) -> DbContainer:
    from testcontainers.community.mysql import MySqlContainer
    from testcontainers.community.postgres import PostgresContainer

    kind = PostgresContainer if address.name == "postgresql" else MySqlContainer
    container = kind(
        image, dbname=address.database, username=address.user, password=address.password
    )
    container.with_name(label).with_command(list(_COMMANDS[address.name]))
    # testcontainers' own method takes a port only, and would publish it to the network.
    published: dict[str, Any] = container.ports
    published[str(_PORTS[address.name])] = ("127.0.0.1", address.port)
    return container
