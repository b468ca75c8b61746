"""A run that is interrupted keeps what it measured, and goes on from there."""

from __future__ import annotations
