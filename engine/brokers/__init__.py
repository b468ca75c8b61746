"""Redis and RabbitMQ behind one interface, to compare queues in brokers with queues in databases.

A broker that was started here ends with this process, however this process ends.
"""

from engine.brokers.broker import Broker
from engine.brokers.opening import NAMES, PERSISTENCES, open_broker
from engine.brokers.rabbitmq import QueueState, RabbitMQ
from engine.brokers.redis import Redis, client_of
from engine.brokers.running import running_broker
from engine.databases.failures import ServerFailed, Unavailable

__all__ = [
    "NAMES",
    "PERSISTENCES",
    "Broker",
    "QueueState",
    "RabbitMQ",
    "Redis",
    "ServerFailed",
    "Unavailable",
    "client_of",
    "open_broker",
    "running_broker",
]
