"""Load profiles: at which rate a queue on a database saturates, and why."""
