"""Profiles that are refused: what bad ones are written from, and what is said of each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.profile import ProfileError, load_profile

if TYPE_CHECKING:
    from pathlib import Path

KNEE = 'kind = "knee"\n'
PIECES = 'kind = "timeline"\n[[pieces]]\nseconds = 60\nrate = 2\n'
CONTENDERS = ("background_task", "celery-redis-off-late")


def assert_refused(text: str, line: int, sentence: str, folder: Path) -> None:
    """Load a profile: the error is file and line, then this sentence, with its key and what to do.

    A sentence that ends with a space may go on: some lists of choices are long.
    """
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profile(str(path), contenders=CONTENDERS)

    message = str(caught.value)
    assert message.startswith(f"my.toml, line {line}: {sentence}"), message
    assert "\n" not in message
    if not sentence.endswith(" "):
        assert message == f"my.toml, line {line}: {sentence}"
