"""The one table of the queue."""

from django.db import models


class Job(models.Model):
    """A task that waits, runs, has run or has failed."""

    path = models.CharField(max_length=190)
    args = models.TextField()
    run_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, default="waiting")
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "tinyqueue_job"

    def __str__(self) -> str:
        return f"{self.path} {self.args}"
