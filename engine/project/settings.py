"""Settings of a run, for whichever subject, database and project the environment names.

``KILLPROOF_DATABASE`` is the ``DATABASES["default"]`` entry as JSON, and ``KILLPROOF_SETTINGS``
holds more settings as a JSON object, such as the subject's own. ``PROJECT_SETTINGS`` among them
names the settings module of somebody's project: it is read first, and what a run needs is laid
over it. Without any: a SQLite file in the temporary folder, for ``manage.py`` by hand.
"""

from __future__ import annotations

import importlib
import json
import os
import tempfile
from pathlib import Path

try:
    import pymysql
except ImportError:  # only MySQL and MariaDB need it
    pass
else:
    # Django asks for mysqlclient by version; PyMySQL speaks for it, and needs no compiler.
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()

_GIVEN = json.loads(os.environ.get("KILLPROOF_SETTINGS", "{}"))
PROJECT_SETTINGS = _GIVEN.get("PROJECT_SETTINGS", "")

SECRET_KEY = "not a secret: this project serves no request"  # noqa: S105
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "background_task",
    "engine.project",
]

if PROJECT_SETTINGS:
    _theirs = vars(importlib.import_module(PROJECT_SETTINGS))
    globals().update({name: value for name, value in _theirs.items() if name.isupper()})
    # Their other databases are not touched, so nothing may be routed there.
    DATABASE_ROUTERS: list[str] = []
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "engine.project"]
    # An app may be named by its configuration: background_task.apps.SomeConfig.
    _named = [f"{app}." for app in INSTALLED_APPS]
    _guest = "engine.project.guest.GuestConfig"
    for _app in ("django.contrib.contenttypes", "background_task", _guest):
        if not any(name.startswith(f"{_app}.") for name in _named):
            INSTALLED_APPS += [_app]

_BY_HAND = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(Path(tempfile.gettempdir()) / "killproof-project.sqlite3"),
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
}
USE_TZ = True
DATABASES = {"default": json.loads(os.environ.get("KILLPROOF_DATABASE", "null")) or _BY_HAND}

globals().update(_GIVEN)
# A connection for each task would be most of a short task's time.
DATABASES["default"] = {"CONN_MAX_AGE": 60, **DATABASES["default"]}
INSTALLED_APPS = [*INSTALLED_APPS, *globals().get("EXTRA_APPS", [])]
