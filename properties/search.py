"""A search of Hypothesis: what it found, after how many examples, and the smallest of its kind."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyFailure
from hypothesis.internal.conjecture import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis import strategies as st

T = TypeVar("T")

SHRINKING_SECONDS: Final = 4
_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)*(?=: )")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one hunt found.

    Attributes:
        name: the anomaly, or empty.
        examples: how many it took to find it, or how many there were.
    """

    name: str
    examples: int
    seconds: float
    counterexample: str = ""


class Search:
    """Counts the examples of a search up to the first that fails."""

    def __init__(self) -> None:
        self.examples = 0
        self.found_at: int | None = None
        self._begun = time.monotonic()

    @contextlib.contextmanager
    def example(self) -> Iterator[None]:
        """Run one example."""
        self.examples += 1
        try:
            yield
        except AssertionError:
            self.note_failure()
            raise

    def note_failure(self) -> None:
        """Note that the example failed; what follows is the search for a smaller one."""
        self.found_at = self.found_at or self.examples

    def ended(self, error: BaseException | None) -> Found:
        """Return what was found; an anomaly is what its message begins with."""
        name = _NAME.match(str(error)) if error is not None else None
        return Found(
            name=name[0] if name else ("" if error is None else type(error).__name__),
            examples=self.found_at or self.examples,
            seconds=time.monotonic() - self._begun,
            counterexample=_smallest(error),
        )


def look_for(
    play: Callable[[T], object], examples: st.SearchStrategy[T], *, first_seed: int, budget: int
) -> Found:
    """Play examples until one fails, and look for the smallest of its kind."""
    search = Search()

    @seed(first_seed)
    @search_settings(budget)
    @given(example=examples)
    def run(example: T) -> None:
        with search.example():
            play(example)

    return search.ended(error_of(run))


def search_settings(budget: int, **more: Any) -> settings:
    """Return settings that look for one failure among so many examples, without a memory."""
    return settings(
        max_examples=budget,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
        report_multiple_bugs=False,
        **more,
    )


def error_of(run: Callable[[], object]) -> BaseException | None:
    """Run a search; return what its smallest failure raised."""
    try:
        with _short_shrinking():
            run()
    except FlakyFailure as flaky:
        # The engine behaves otherwise the second time; what it did the first time is in there.
        return flaky.exceptions[0]
    except Exception as error:  # noqa: BLE001 - whatever a broken engine makes of it
        return error
    return None


@contextlib.contextmanager
def _short_shrinking() -> Iterator[None]:
    """Look for a smaller counterexample for some seconds only; Hypothesis has no setting for it."""
    saved = engine.MAX_SHRINKING_SECONDS
    engine.MAX_SHRINKING_SECONDS = SHRINKING_SECONDS
    try:
        yield
    finally:
        engine.MAX_SHRINKING_SECONDS = saved


def _smallest(error: BaseException | None) -> str:
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    return "\n".join([str(error), *notes]).strip() if error is not None else ""
