"""A Django app with the load task, for both queues that are imported as ``background_task``."""
