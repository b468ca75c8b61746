"""Tests of the slow network: its delays, its bytes and its end, over real sockets."""
