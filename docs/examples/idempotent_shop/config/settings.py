"""A small project: one app, and a queue of tasks."""

SECRET_KEY = "of the shop"  # noqa: S105 - it keeps no secrets
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "background_task",
    "shop",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
