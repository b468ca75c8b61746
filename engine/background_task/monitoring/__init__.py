"""What people and machines see of the queue: the status page, metrics, health, and their sources.

Nothing here decides what becomes of a task, apart from ``control``, on a person's order.
"""
