"""Crash points: whatever goes wrong at any one statement of an operation breaks no promise."""
