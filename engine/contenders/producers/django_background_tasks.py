"""Enqueues into django-background-tasks, which is called in the words of the reference engine."""

from engine.contenders.producers.background_task import connect, enqueue

__all__ = ["connect", "enqueue"]
