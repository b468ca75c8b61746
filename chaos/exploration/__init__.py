"""Looks for runs that go wrong: draws plans by chance, carries them out, and makes them smaller."""
