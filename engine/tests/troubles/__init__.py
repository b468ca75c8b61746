"""A Django app of tasks that misbehave on demand, for tests with real worker processes."""
