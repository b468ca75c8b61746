"""Deliver a task again and again, killed at every effect, and compare with a single delivery.

Whoever tests a task needs the names below and nothing else. Nothing of Django or Hypothesis is
imported before ``assert_idempotent`` is called.
"""

from properties.idempotency.asserting import assert_idempotent
from properties.idempotency.errors import CannotTellError, NotIdempotentError
from properties.idempotency.lives import effect_point

__all__ = ["CannotTellError", "NotIdempotentError", "assert_idempotent", "effect_point"]
