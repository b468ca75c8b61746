"""The project's pages in a test: the settings of ``engine.project.web``, and who looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import Permission, User
from django.test import Client

from engine.project import web

if TYPE_CHECKING:
    from pytest_django import Settings as ProjectSettings

PAGES = "/admin/background_task/"


def serve_pages(settings: ProjectSettings) -> None:
    """Let the test have what the project's web processes have, the database apart."""
    for name in ("ROOT_URLCONF", "INSTALLED_APPS", "SESSION_ENGINE", "MIDDLEWARE", "TEMPLATES"):
        setattr(settings, name, getattr(web, name))
    settings.STATIC_URL = web.STATIC_URL


def superuser() -> Client:
    """Return the browser of somebody who may do everything."""
    return _logged_in(User.objects.create_superuser("ada"))


def staff(*permissions: str) -> Client:
    """Return the browser of a member of staff with these permissions, as ``view_worker``."""
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return _logged_in(user)


def _logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
