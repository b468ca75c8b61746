"""Hypothesis: what holds for every order of events, for the engine and for the checkers."""
