"""The status page, ``metrics``, ``health`` and ``status.json``.

Include them before the admin: paths that are not here fall through to it.

    path("admin/background_task/", include("background_task.urls")),
    path("admin/", admin.site.urls),
"""

from __future__ import annotations

from django.urls import path

from background_task.monitoring import page

app_name = "background_task"

urlpatterns = [
    path("", page.status_page, name="status"),
    path("status.json", page.status_json, name="status_json"),
    path("metrics", page.metrics, name="metrics"),
    path("health", page.health, name="health"),
]
