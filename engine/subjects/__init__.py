"""The queues that can be put to the test, by name."""

from __future__ import annotations

import importlib

from engine.subjects.background_task import BackgroundTask
from engine.subjects.contract import Contract
from engine.subjects.django_background_tasks import DjangoBackgroundTasks
from engine.subjects.subject import FinalRow, Observation, Subject, SubjectUnavailableError

__all__ = [
    "SUBJECTS",
    "BackgroundTask",
    "Contract",
    "FinalRow",
    "Observation",
    "Subject",
    "SubjectUnavailableError",
    "subject_named",
]

SUBJECTS: dict[str, type[Subject]] = {
    subject.name: subject for subject in (BackgroundTask, DjangoBackgroundTasks)
}


def subject_named(name: str) -> Subject:
    """Return a subject by its name, or by ``package.module:Class`` for one of your own.

    Raises:
        SubjectUnavailableError: there is none of that name.
    """
    if ":" in name:
        return _load(name)
    try:
        return SUBJECTS[name]()
    except KeyError:
        raise SubjectUnavailableError(
            f"there is no subject {name!r}; choose one of {', '.join(SUBJECTS)}, or name your own "
            "as package.module:Class"
        ) from None


def _load(path: str) -> Subject:
    module, _, attribute = path.partition(":")
    try:
        subject = getattr(importlib.import_module(module), attribute)()
    except (Exception, SystemExit) as error:  # it is theirs, and may raise anything
        raise SubjectUnavailableError(
            f"the subject {path} cannot be loaded: {type(error).__name__}: {_said(error)}"
        ) from error
    if not isinstance(subject, Subject):
        raise SubjectUnavailableError(f"{path} is not an engine.subjects.Subject")
    return subject


def _said(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
