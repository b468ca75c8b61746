"""Tests of the pages, over synthetic runs."""
