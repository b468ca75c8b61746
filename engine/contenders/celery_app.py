"""The Celery application of the shop: what its workers run and its producers send.

``KILLPROOF_BROKER`` is the URL of the broker, and ``KILLPROOF_CELERY`` holds the settings of the
contender as a JSON object, under Celery's own names.
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

from celery import Celery
from celery.signals import celeryd_init

from engine.project.lifeline import die_with_parent
from engine.project.load import PlannedError, work

QUEUE: Final = "celery"
RETRY_SECONDS: Final = 1.0
MAX_RETRIES: Final = 3

app: Final = Celery("shop", broker=os.environ["KILLPROOF_BROKER"])
app.conf.update(
    task_ignore_result=True,
    task_default_queue=QUEUE,
    # A worker that is started beside its broker waits for it.
    broker_connection_retry_on_startup=True,
    # As many senders as a generator may have: each of them needs a connection while it waits.
    broker_pool_limit=1000,
    **json.loads(os.environ.get("KILLPROOF_CELERY", "{}")),
)


def run(  # noqa: PLR0917 - positional ones are the shortest in a message
    key: int, intended_ns: int, work_ms: float, is_cpu: bool, fails_first: bool, payload: str
) -> None:
    """Do the work of one task; the payload is there to be carried."""
    del payload
    work(key, intended_ns, work_ms, is_cpu, fails_first)


task: Final = app.task(
    name="shop.run",
    autoretry_for=(PlannedError,),
    retry_kwargs={"countdown": RETRY_SECONDS, "max_retries": MAX_RETRIES},
)(run)


def _die_with_harness(**_: Any) -> None:
    # Its pool's processes get SIGKILL from the system when the worker dies: Celery asks for it.
    die_with_parent()


celeryd_init.connect(_die_with_harness, weak=False)
