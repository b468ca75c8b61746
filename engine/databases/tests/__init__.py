"""Tests of the databases: one conformance suite for all, and the parts one by one."""
