"""The tests of django-background-tasks 1.2.8, run against our ``background_task``."""
