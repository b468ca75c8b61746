"""Turns measured steps into findings: pure decisions, without clocks, files or processes."""
