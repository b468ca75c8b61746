"""``python -m engine.project.preflight KIND...``: can a project's settings and tasks be imported?

What cannot is one sentence on standard error, and the exit code is 1. If all can, the last line on
standard output says so: an exit code of 0 alone could be that of any program.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(kinds: Sequence[str]) -> int:
    """Import all of it, as a worker would."""
    complaint = _complaint_of_settings() or next(filter(None, map(_complaint_of, kinds)), "")
    if complaint:
        sys.stderr.write(f"{complaint}\n")
    else:
        sys.stdout.write("\npreflight: all of it can be imported\n")
    return 1 if complaint else 0


def _complaint_of_settings() -> str:
    name = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        theirs = importlib.import_module(name).PROJECT_SETTINGS
    except (Exception, SystemExit) as error:  # noqa: BLE001 - theirs may raise anything
        return f"its settings cannot be imported: {_said(error)}"
    import django

    try:
        django.setup()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - so may their apps
        return f"Django cannot be set up with {theirs}: {_said(error)}"
    return ""


def _complaint_of(kind: str) -> str:
    module, _, name = kind.rpartition(".")
    try:
        task = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - so may the modules of their tasks
        return f"there is no task {kind}: {_said(error)}"
    return "" if callable(task) else f"{kind} is no task: it cannot be called"


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
