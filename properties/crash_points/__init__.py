"""Crash points: whatever goes wrong at any one statement of an operation breaks no promise."""

from __future__ import annotations

from properties.crash_points.operations import OPERATIONS, Operation
from properties.crash_points.points import KINDS, crash_pairs, crash_points
from properties.crash_points.table import Table

__all__ = ["KINDS", "OPERATIONS", "Operation", "Table", "crash_pairs", "crash_points"]
