"""The Celery app of a project that outgrew its queue, with its broker in the environment."""

from __future__ import annotations

import os
from typing import Final

from celery import Celery

app: Final = Celery("shop", broker=os.environ["KILLPROOF_BROKER"])
app.conf.update(broker_connection_retry_on_startup=True, worker_prefetch_multiplier=4)
app.autodiscover_tasks()

import background_task.dispatch.celery  # noqa: E402, F401 - what a user writes, and nothing else
