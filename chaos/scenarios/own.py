"""Scenarios of one's own: the list ``SCENARIOS`` in ``killproof_scenarios.py`` of a project.

The file is run here, in the harness, which has no Django settings: it is data, and names tasks by
their dotted paths. What is wrong with it is said with its line.
"""

from __future__ import annotations

import importlib.util
import random
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final

from chaos.scenarios import SCENARIOS, Scenario
from chaos.soundness import flaw_of, flaw_of_workload
from engine.command_line import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE: Final = "killproof_scenarios.py"


def load_own(project: Path, seed: int = 0) -> dict[str, Scenario]:
    """Return the scenarios of a project by name; their plans of this seed can be carried out.

    Raises:
        UsageError: there are none, or something is wrong with them.
    """
    path = project / FILE
    if not path.is_file():
        raise UsageError(
            f"{project} has no {FILE}: write one with a list SCENARIOS, as docs/chaos.md shows"
        )
    found = getattr(_executed(path), "SCENARIOS", None)
    if not isinstance(found, list | tuple) or not found:
        raise UsageError(f"{path} has no list SCENARIOS with a scenario in it")
    own: dict[str, Scenario] = {}
    for scenario in found:
        if complaint := _complaint(scenario, own, path, seed):
            raise UsageError(f"{path}: {complaint}")
        own[scenario.name] = scenario
    return own


def _executed(path: Path) -> Any:
    # Theirs comes last: a module of theirs must not take the place of one of the harness.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(_where(error, path)) from error
    return module


def _complaint(scenario: Any, own: Mapping[str, Scenario], path: Path, seed: int) -> str:
    """Say what is wrong with a scenario; empty if nothing is."""
    if not isinstance(scenario, Scenario):
        return f"SCENARIOS has {scenario!r} in it, which is no chaos.scenarios.Scenario"
    if not isinstance(scenario.name, str) or not isinstance(scenario.summary, str):
        return f"the name {scenario.name!r} and the summary {scenario.summary!r} have to be texts"
    if scenario.name in own:
        return f"two scenarios are called {scenario.name}"
    if scenario.name in SCENARIOS:
        return f"{scenario.name} is the name of a scenario that is there already: choose another"
    try:
        workload = scenario.workload(random.Random(seed))  # noqa: S311 - a plan is no secret
        flaw = flaw_of_workload(workload) or flaw_of(scenario.plan(seed))
    except (Exception, SystemExit) as error:
        raise UsageError(f"{scenario.name}: {_where(error, path)}") from error
    return f"{scenario.name}: {flaw}" if flaw else ""


def _where(error: BaseException, path: Path) -> str:
    """Say an error of the file in one sentence, with the line."""
    said = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    lines = list(_lines_of(error, path))
    return f"{path}, line {lines[-1]}: {said}" if lines else f"{path}: {said}"


def _lines_of(error: BaseException, path: Path) -> Iterator[int]:
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(path) and frame.lineno:
            yield frame.lineno
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
        yield error.lineno
