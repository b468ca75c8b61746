"""The URLs of the project: the queue's pages and the admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/background_task/", include("background_task.urls")),
    path("admin/", admin.site.urls),
]
