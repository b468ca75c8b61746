"""What a run's tasks import their decorator from, translated to the queue under test."""

from tinyqueue import background

__all__ = ["background"]
