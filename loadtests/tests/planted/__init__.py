"""Faults that are put into a step on purpose: the harness must name each of them."""
