"""The chaos harness: workload and faults make a history, checkers make a verdict of it."""
