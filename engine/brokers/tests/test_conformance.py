"""What both brokers do: one suite, unchanged, on each of them.

The tests share a server and leave it running.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from engine.brokers import NAMES, PERSISTENCES, RabbitMQ, running_broker
from engine.brokers.tests.asking import broker_or_skip

if TYPE_CHECKING:
    from pathlib import Path

    from engine.brokers import Broker

pytestmark = pytest.mark.processes

LOOPBACK = {"127.0.0.1", "::1"}
REDIS = {
    "off": {"appendonly": "no", "save": ""},
    "everysec": {"appendonly": "yes", "appendfsync": "everysec", "save": ""},
    "always": {"appendonly": "yes", "appendfsync": "always", "save": ""},
}


def test_the_server_shakes_hands_and_says_its_version(broker: Broker) -> None:
    """A started broker answers in its own protocol; a version begins with a number."""
    broker.greet()

    assert broker.version()[0].isdigit()


def test_the_strongest_persistence_is_the_default(broker: Broker) -> None:
    """A queue in a database commits to the disk, so a broker beside it does too by default."""
    said = broker.durability()

    assert broker.persistence == PERSISTENCES[broker.name][0]
    if broker.name == "redis":
        assert REDIS["always"].items() <= said.items()
    else:
        assert said["version"] == broker.version()


@pytest.mark.parametrize("persistence", PERSISTENCES["redis"])
def test_redis_says_the_persistence_that_was_asked_for(persistence: str, tmp_path: Path) -> None:
    """What a page says of durability is what the running server said."""
    with broker_or_skip("redis", tmp_path, persistence=persistence) as broker:
        said = broker.durability()

    assert REDIS[persistence].items() <= said.items()


def test_nobody_else_can_reach_it(broker: Broker) -> None:
    """All processes of a broker listen on the loopback interface, and on no other."""
    listening = {address for pid in broker.pids() for address in listening_on(pid)}

    assert "127.0.0.1" in listening
    assert listening <= LOOPBACK


def listening_on(pid: int) -> set[str]:
    """List the addresses that a process listens on; helpers of a broker come and go."""
    try:
        sockets = psutil.Process(pid).net_connections()
    except psutil.NoSuchProcess:
        return set()
    return {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}


def test_killed_and_restarted_it_answers_at_the_same_url(broker: Broker) -> None:
    """SIGKILL leaves no process, a second one finds none, and the restarted server answers."""
    url, running = broker.url, set(broker.pids())

    killed = broker.kill()
    again = broker.kill()
    # RabbitMQ has helpers that come and go, so not all of them need have been there to be killed.
    survivors = [pid for pid in running | set(killed) if psutil.pid_exists(pid)]
    broker.restart()

    assert running & set(killed)
    assert survivors == []
    assert again == ()
    assert broker.url == url
    broker.greet()


def test_it_is_found_by_its_url(broker: Broker) -> None:
    """Whoever knows the URL of a started broker can ask what it holds."""
    assert running_broker(broker.url) is broker
    with pytest.raises(LookupError, match="no broker at that URL"):
        running_broker("amqp://127.0.0.1:1/")


def test_a_rabbitmq_without_queues_says_so(broker: Broker) -> None:
    """A queue that is not there holds nothing, and emptying it is no error."""
    if not isinstance(broker, RabbitMQ):
        assert broker.name in NAMES
        return
    broker.purge("celery")

    assert broker.queues() == {}
