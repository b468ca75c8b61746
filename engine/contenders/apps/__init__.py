"""The task of a load test, declared in the words of each queue."""
