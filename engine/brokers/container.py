"""A broker in a container, published on a fixed port of 127.0.0.1, as databases in containers are.

Its guardian removes the container when the harness ends, however it ends.
"""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING, Any, Final

from engine.brokers.embedded_redis import SETTINGS
from engine.databases import container_removal
from engine.databases.address import Address
from engine.databases.container import ContainerServer, check_testcontainers, fetch_image
from engine.databases.embedded import DATABASE, USER
from engine.databases.failures import ServerFailed
from engine.databases.ports import free_port
from engine.databases.processes import Guardian

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_IMAGES: Final = {"redis": "redis:8", "rabbitmq": "rabbitmq:4"}
_PORTS: Final = {"redis": 6379, "rabbitmq": 5672}


class ContainerBroker(ContainerServer):
    """A Redis or a RabbitMQ in a container."""

    def __init__(self, name: str, folder: Path, persistence: str) -> None:
        check_testcontainers(name)
        self.address = Address(
            name=name,
            database=DATABASE,
            user=USER,
            password=secrets.token_hex(12),
            port=free_port(),
        )
        self._image = os.environ.get(f"KILLPROOF_{name.upper()}_IMAGE") or _IMAGES[name]
        self._persistence = persistence
        self._log = folder / f"{name}.log"
        self._guardian = None
        self._container = None
        fetch_image(name, self._image)

    def start(self) -> None:
        """Create the container, which its guardian removes."""
        if self._container is not None:
            return
        label = f"killproof-{self.address.name}-{secrets.token_hex(6)}"
        self._guardian = Guardian(
            farewell=[sys.executable, "-P", container_removal.__file__, label]
        )
        self._container = self._described(label)
        try:
            self._container.start()
        except Exception as error:
            reason = f"its container did not come up ({error})"
            last_words = self.last_words()
            raise ServerFailed(self.address.name, reason=reason, last_words=last_words) from error

    def pids(self) -> tuple[int, ...]:
        """List the processes that live, by the ids that they have on this machine."""
        if self.has_ended():
            return ()
        return tuple(int(row[1]) for row in self._docker.top()["Processes"])

    def evaluate(self, expression: str) -> str:
        """Return the printed value of an Erlang expression that ends with a full stop."""
        status, printed = self._docker.exec_run(["rabbitmqctl", "--quiet", "eval", expression])
        if status:
            reason = f"it did not say what its queues hold (rabbitmqctl ended with {status})"
            raise ServerFailed(self.address.name, reason=reason, last_words=printed.decode())
        return str(printed.decode())

    def _described(self, label: str) -> Any:
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(self._image).with_name(label)
        if self.address.name == "redis":
            container.with_command(_redis_command(self.address, self._persistence))
        for variable, value in _variables(self.address).items():
            container.with_env(variable, value)
        # testcontainers' own method takes a port only, and would publish it to the network.
        published: dict[str, Any] = container.ports
        published[str(_PORTS[self.address.name])] = ("127.0.0.1", self.address.port)
        return container


def _redis_command(address: Address, persistence: str) -> list[str]:
    settings = {"requirepass": address.password, **SETTINGS[persistence]}
    options = [word for key, value in settings.items() for word in (f"--{key}", value.strip('"'))]
    return ["redis-server", *options]


def _variables(address: Address) -> Mapping[str, str]:
    if address.name == "redis":
        return {}
    return {
        "RABBITMQ_DEFAULT_USER": address.user,
        "RABBITMQ_DEFAULT_PASS": address.password,
    }
