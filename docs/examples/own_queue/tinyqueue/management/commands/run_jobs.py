"""The worker: claims one job at a time, runs it, and marks it as done."""

from __future__ import annotations

import importlib
import json
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.utils import timezone

from tinyqueue.models import Job

MAX_ATTEMPTS = 3


class Command(BaseCommand):
    """Run jobs until told to stop."""

    def handle(self, **_options: Any) -> None:
        """Claim and run, one after the other."""
        self.must_stop = False
        signal.signal(signal.SIGTERM, self.stop)
        while not self.must_stop:
            job = claim()
            if job is None:
                time.sleep(0.2)
            else:
                run(job)

    def stop(self, *_signal: Any) -> None:
        """Go on to the end of the job, and no further."""
        self.must_stop = True


def claim() -> Job | None:
    """Take the job that is due for the longest time, if there is one."""
    with transaction.atomic():
        due = Job.objects.filter(state="waiting", run_at__lte=timezone.now()).order_by("run_at")
        skips = connection.features.has_select_for_update_skip_locked
        job = due.select_for_update(skip_locked=skips).first()
        if job is not None:
            job.state, job.attempts = "running", job.attempts + 1
            job.save()
    return job


def run(job: Job) -> None:
    """Run a job; one that raises is tried again, up to three times."""
    module, _, name = job.path.partition(":")
    args, _ = json.loads(job.args)
    try:
        getattr(importlib.import_module(module), name).function(*args)
        job.state = "completed"
    except Exception:  # noqa: BLE001 - whatever a job raises, it has failed
        job.state = "failed" if job.attempts >= MAX_ATTEMPTS else "waiting"
    job.save()
