"""Remove a container with its volumes: the farewell that a container's guardian runs.

Run as a program: ``container_removal.py NAME``. A container that is gone is fine.
"""

from __future__ import annotations

import contextlib
import sys


def main() -> None:
    """Remove the container that the argument names."""
    from docker.errors import NotFound
    from testcontainers.core.docker_client import DockerClient

    client = DockerClient().client
    with contextlib.closing(client), contextlib.suppress(NotFound):
        client.containers.get(sys.argv[1]).remove(force=True, v=True)


if __name__ == "__main__":
    main()
