"""The queues that load tests compare, each in one configuration, by name."""
