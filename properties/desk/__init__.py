"""The worker's desk at work: the real Desk, Holdings and Crew, and a database that fails at times.

``machine`` takes the steps, mostly a turn of the supervisor's loop (``turns``, ``worker``).
``judge`` says after each part of a turn what is wrong. ``children`` stands in for the processes,
``clock`` for all time, and ``faults`` for what goes wrong between the desk and its database.
"""
