"""Settings of the project, for whichever subject and database the environment names.

``KILLPROOF_DATABASE`` is the ``DATABASES["default"]`` entry as JSON, and ``KILLPROOF_SETTINGS``
holds more settings as a JSON object, such as the subject's own. Without them: a SQLite file in the
temporary folder, for ``manage.py`` by hand.
"""

from __future__ import annotations

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

SECRET_KEY = "not a secret: this project serves no request"  # noqa: S105
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "background_task",
    "engine.project",
]

_BY_HAND = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(Path(tempfile.gettempdir()) / "killproof-project.sqlite3"),
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
}
DATABASES = {"default": json.loads(os.environ.get("KILLPROOF_DATABASE", "null")) or _BY_HAND}

globals().update(json.loads(os.environ.get("KILLPROOF_SETTINGS", "{}")))
# A connection for each task would be most of a short task's time.
DATABASES["default"] = {"CONN_MAX_AGE": 60, **DATABASES["default"]}
INSTALLED_APPS += globals().get("EXTRA_APPS", [])
