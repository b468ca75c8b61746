"""On whose behalf a task was enqueued: any model instance, kept as ``app_label.model:pk``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING:
    from django.db.models import Model


def reference(creator: Model | None) -> str:
    """Return what rows keep of a model instance; empty for None."""
    return f"{creator._meta.label_lower}:{creator.pk}" if creator is not None else ""  # noqa: SLF001


def creator_of(text: str) -> Model | None:
    """Return the model instance that a row refers to; None if it, or its model, is gone."""
    label, _, key = text.partition(":")
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return None
    instance: Model | None = model._default_manager.filter(pk=key).first()  # noqa: SLF001
    return instance
