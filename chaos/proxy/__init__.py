"""A network of our own between the processes of a run and its database server.

A proxy on 127.0.0.1 forwards every byte as it is, until a toxic is applied to it.
"""

from chaos.proxy.server import Proxy, ProxyFailed
from chaos.proxy.statements import At, LoseAnswers, LostAnswer
from chaos.proxy.toxics import Bandwidth, Blackhole, Cut, DropNotifications, Latency, Refuse
from chaos.proxy.wire import Protocol

__all__ = [
    "At",
    "Bandwidth",
    "Blackhole",
    "Cut",
    "DropNotifications",
    "Latency",
    "LoseAnswers",
    "LostAnswer",
    "Protocol",
    "Proxy",
    "ProxyFailed",
    "Refuse",
]
