"""Tests of the brokers: one conformance suite for both, and the parts one by one."""
