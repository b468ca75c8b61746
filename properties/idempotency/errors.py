"""What ends an assertion, and what ends a delivery."""

from __future__ import annotations


class NotIdempotentError(AssertionError):
    """A plan of deliveries leaves another state than a single delivery does."""


class CannotTellError(AssertionError):
    """Nothing can be said about the task, for the reason in the one sentence of this."""


class Killed(BaseException):
    """The worker dies here. It is no Exception, so that tasks do not catch it by accident."""
