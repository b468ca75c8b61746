"""The bakery's own settings, as in production."""

SECRET_KEY = "of the bakery"  # noqa: S105 - it bakes no secrets
INSTALLED_APPS = ["django.contrib.contenttypes", "background_task", "bakery"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "the_real_one"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FLOUR_PER_LOAF = 500
