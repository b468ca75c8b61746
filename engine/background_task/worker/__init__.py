"""``process_tasks``: one supervisor that talks to the database, and children that run tasks."""
