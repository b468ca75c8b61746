"""Every contender by name, in the order in which pages list them, and how to bring one's own."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Final

from engine.contenders.background_task import BackgroundTask
from engine.contenders.contender import Contender
from engine.contenders.django_background_tasks import DjangoBackgroundTasks
from engine.contenders.django_ox import DjangoOx
from engine.contenders.django_tasks_db import DjangoTasksDB
from engine.subjects import SubjectUnavailableError

_CELERY: Final = "engine.contenders.celery"


def _all() -> dict[str, Contender]:
    queues = (BackgroundTask(), DjangoTasksDB(), DjangoBackgroundTasks(), DjangoOx())
    found: dict[str, Contender] = {queue.name: queue for queue in queues}
    if importlib.util.find_spec(_CELERY) is not None:
        found |= importlib.import_module(_CELERY).CONTENDERS
    return found


CONTENDERS: Final[dict[str, Contender]] = _all()


def contender_named(name: str) -> Contender:
    """Return a contender by its name, or by ``package.module:attribute`` for one of your own.

    The attribute is a Contender or a class of them that takes no arguments.

    Raises:
        SubjectUnavailableError: there is none of that name.
    """
    if ":" in name:
        return _load(name)
    try:
        return CONTENDERS[name]
    except KeyError:
        raise SubjectUnavailableError(
            f"there is no contender {name!r}; choose one of {', '.join(CONTENDERS)}, or name your "
            "own as package.module:attribute"
        ) from None


def _load(path: str) -> Contender:
    module, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
        contender = found() if isinstance(found, type) else found
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise SubjectUnavailableError(f"the contender {path} cannot be loaded: {error}") from error
    if not isinstance(contender, Contender):
        raise SubjectUnavailableError(f"{path} is not an engine.contenders.contender.Contender")
    return contender
