"""Tests of the contenders, with real workers."""
