"""Enqueues through Celery, as a view of a Django project would: ``apply_async`` and no result.

It returns when the broker has acknowledged: Redis by its reply to LPUSH, RabbitMQ by a confirm.
Each sender takes a connection of Celery's pool for as long as that lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from django.apps import apps

from engine.contenders.celery_app import QUEUE, app, task
from engine.contenders.producers.connecting import arguments

if TYPE_CHECKING:
    from engine.contenders.contender import Job


def connect() -> None:
    """Set Django up, open a connection of the pool and declare the queue on it."""
    if not apps.ready:
        django.setup()
    with app.producer_pool.acquire(block=True) as producer:
        producer.maybe_declare(app.amqp.queues[QUEUE])


def enqueue(key: int, intended_ns: int, job: Job) -> None:
    """Enqueue one task, after its delay if it has one; return when it is acknowledged."""
    task.apply_async(arguments(key, intended_ns, job), countdown=job.delay_seconds or None)
