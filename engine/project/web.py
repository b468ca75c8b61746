"""Settings of the project with the admin: ``DJANGO_SETTINGS_MODULE=engine.project.web``.

Workers run with ``engine.project.settings``: they serve no request and load no admin.
"""

from engine.project.settings import *  # noqa: F403 - these settings and some more
from engine.project.settings import INSTALLED_APPS as _WORKERS_APPS

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "engine.project.urls"
INSTALLED_APPS = [
    *("django.contrib.admin", "django.contrib.sessions", "django.contrib.messages"),
    "django.contrib.staticfiles",
    *_WORKERS_APPS,
]
STATIC_URL = "static/"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
