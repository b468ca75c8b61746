"""The small Django project whose tasks every run executes: a shop with orders and mails."""
