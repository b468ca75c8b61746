"""``python -m engine.upstream``: fetch the tests of 1.2.8, run them, print what differs and why.

It fails if a test fails that is not among the known differences, or passes although it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Final

WHEEL: Final = "django-background-tasks==1.2.8"
DIFFERENCES: Final = Path(__file__).with_name("differences.toml")
ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 600


def main() -> int:
    """Return 0 if the tests end as expected."""
    with tempfile.TemporaryDirectory(prefix="killproof-upstream-") as name:
        folder = Path(name)
        fetch_tests(folder)
        ended = run_tests(folder)
    reasons = tomllib.loads(DIFFERENCES.read_text())
    sys.stdout.write(table(ended, reasons))
    return 1 if surprises(ended, reasons) else 0


def fetch_tests(folder: Path) -> None:
    """Unpack the tests of the wheel, and nothing else of it, below ``folder``."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder)]
    if subprocess.run([*pip, WHEEL], check=False).returncode:
        sys.exit(f"cannot get {WHEEL} from the package index; see pip's message above")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tests = [name for name in archive.namelist() if name.startswith("background_task/tests/")]
        archive.extractall(folder, tests)


def run_tests(folder: Path) -> dict[str, str]:
    """Return what each test raised, or an empty text, by its name."""
    results = folder / "results.json"
    path = os.pathsep.join([str(ROOT), str(ROOT / "engine"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "engine.upstream.suite", str(folder), str(results)],
        cwd=folder,  # the suite's settings put its database into the current folder
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if not results.exists():
        sys.exit(f"the suite did not run to its end:\n{done.stderr[-4000:]}")
    ended: dict[str, str] = json.loads(results.read_text())
    return ended


def surprises(ended: dict[str, str], reasons: dict[str, str]) -> list[str]:
    """Return one line for each test that did not end as expected."""
    failed = {name for name, error in ended.items() if error}
    return [
        *(f"failed: {name}: {ended[name]}" for name in sorted(failed - reasons.keys())),
        *(f"passed, though listed: {name}" for name in sorted(reasons.keys() - failed)),
    ]


def table(ended: dict[str, str], reasons: dict[str, str]) -> str:
    """Return how many tests passed, what differs and why, and what was not expected."""
    passed = sum(not error for error in ended.values())
    unexpected = surprises(ended, reasons)
    lines = [
        f"{WHEEL}: {passed} of its {len(ended)} tests pass against this background_task.",
        "",
        "These differ on purpose:",
        *(f"  {name}\n      {reason}" for name, reason in reasons.items() if ended.get(name)),
        "",
        "Not expected:" if unexpected else "Nothing else differs.",
        *(f"  {line}" for line in unexpected),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
