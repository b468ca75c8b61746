"""The bakery's tasks. The first argument is the key by which killproof knows the task."""

from __future__ import annotations

import time

from django.conf import settings
from killproof_body import effect, observed

from background_task import background
from bakery.models import Loaf


@background(schedule=0)
def bake(loaf: str, kind: str) -> None:
    """Bake one loaf, once: a second attempt finds it in the shop."""
    with observed(loaf, kind):
        time.sleep(0.1)
        _, is_new = Loaf.objects.get_or_create(
            name=loaf, defaults={"kind": kind, "flour": settings.FLOUR_PER_LOAF}
        )
        if is_new:
            effect(loaf)
