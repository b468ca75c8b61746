"""Django's own tests of ``django.tasks``, run against our backend; nothing of them is kept here."""
