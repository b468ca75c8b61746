"""A network between a client and a server of one machine: slow on purpose, on 127.0.0.1 only."""

from engine.network.delay_proxy import DelayProxy, ProxyFailed

__all__ = ["DelayProxy", "ProxyFailed"]
