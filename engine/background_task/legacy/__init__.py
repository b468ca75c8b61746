"""django-background-tasks 1.2.8: its names over our tables, and its tables into ours."""
