"""Runs a script of a benchmark in a contender's environment: JSON in, JSON out."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from engine.contenders.contender import ContenderError
from engine.project.lifeline import PARENT

if TYPE_CHECKING:
    from engine.contenders.contender import Contender, Site

SECONDS: Final = 1800.0


def ask(contender: Contender, site: Site, script: str, question: Any) -> Any:
    """Run ``loadtests.benchmarks.SCRIPT`` and return its answer.

    Raises:
        ContenderError: it failed; the message has the last line of what it said.
    """
    environment = {**os.environ, **contender.environment(site), PARENT: str(os.getpid())}
    try:
        done = subprocess.run(
            [str(contender.python()), "-m", f"loadtests.benchmarks.{script}"],
            input=json.dumps(question),
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ContenderError(f"{script} of {contender.name} took {SECONDS:.0f} seconds") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ContenderError(f"{script} of {contender.name} failed: {last}")
    return json.loads(done.stdout)
