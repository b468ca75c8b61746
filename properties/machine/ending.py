"""Ends: a worker finishes, fails, discards or releases what it holds, or believes to hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from background_task import outcomes
from background_task.claims import Claim
from background_task.enqueue import enqueue
from background_task.outcomes import Failed, Finished, Outcome, Released
from properties.machine.calls import DELAYS, LATER, MOSTLY
from properties.machine.claiming import TERMS, Claiming, terms
from properties.machine.contents import EXCEPTION, RESULT, RUN_SECONDS
from properties.machine.side_by_side import PICK, no_refusal
from properties.machine.steps import any_of, step
from properties.model import ERRORS_KEPT, Call, ModelClaim

if TYPE_CHECKING:
    from background_task.terms import Terms
    from properties.machine.side_by_side import Held
    from properties.model import ModelTask

ERROR: Final = "Traceback: out of paper"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an attempt is said to end."""

    kind: str
    retry_in: int | None = None
    is_final: bool = False

    def outcome(self, claim: Claim) -> Outcome:
        """Return what the engine is told."""
        match self.kind:
            case "finish":
                return Finished(claim=claim, result=RESULT, seconds=RUN_SECONDS)
            case "release":
                return Released(claim=claim)
        return Failed(
            claim=claim,
            error=ERROR,
            retry_in=self.retry_in,
            exception=EXCEPTION,
            seconds=RUN_SECONDS,
            is_final=self.is_final,
        )


FINISH: Final = End(kind="finish")
RELEASE: Final = End(kind="release")
DISCARD: Final = End(kind="fail", is_final=True)
failures: Final = st.builds(End, kind=st.just("fail"), retry_in=st.none() | DELAYS)
_settled: Final = st.sampled_from([FINISH, FINISH, DISCARD, RELEASE])
ends: Final = any_of(_settled, _settled, _settled, failures)


class Ending(Claiming):
    """What workers that hold tasks do."""

    @step(4, terms=terms, later=LATER, end=ends, is_kept=MOSTLY)
    def work_off(self, terms: Terms, later: int, end: End, is_kept: bool) -> None:
        """A worker claims, and all that it claimed ends alike."""
        self.step_clock(later)
        claimed = self._claim(terms, 4)
        self._record([(held, end) for held in claimed], is_kept=is_kept)
        self.held += claimed

    @step(1)
    def fail_again_and_again(self) -> None:
        """A task that fails more often than errors are kept, half of it at a time."""
        call = Call(key="flaky", queue="flaky", max_attempts=2 * ERRORS_KEPT)
        if self.model.duplicate_of(call) is None:
            task = enqueue(self.request(call))
            self.known.add(task.pk)
            self.model.enqueue(task.pk, call)
            self.tables_agree()
        flaky = dataclasses.replace(TERMS, queues=("flaky",))
        with self.database.transaction():
            for _ in range(ERRORS_KEPT // 2 + 1):
                self._record([(held, End(kind="fail")) for held in self._claim(flaky, 1)])

    @step(6, picks=st.dictionaries(PICK, ends, min_size=1, max_size=5), is_kept=MOSTLY)
    def end(self, picks: dict[int, End], is_kept: bool) -> None:
        """What a worker holds ends, each as if it ended alone; a zombie changes nothing.

        There are few claims to pick from, so some are picked twice: they end once.
        """
        if not self.held:
            self.held += self._claim(TERMS, 4)
        self._record(self.pick(picks), is_kept=is_kept)

    def _record(self, pairs: list[tuple[Held, End]], *, is_kept: bool = True) -> None:
        """Record ends; a claim that is not held changes nothing, as both must say."""
        told = [end.outcome(held.engine) for held, end in pairs]
        with no_refusal("double-finish"), self.database.transaction():
            stale = outcomes.record(self.database, told, keep_completed=is_kept)
        expected, ended = list[Claim](), list[ModelClaim]()
        for held, end in pairs:
            if self.model.holds(held.model):
                self._end(held, end, is_kept=is_kept)
                ended.append(held.model)
            else:
                self._note_stale(held.model, end, ended)
                expected.append(held.engine)
        name = "zombie-finish" if len(stale) < len(expected) else "unjustified-redelivery"
        assert stale == expected, f"{name}: {stale} were stale, not {expected}"
        self.note("record: some stale and some not", if_=ended and stale)
        kinds = {end.kind for held, end in pairs if held.model in ended}
        self.note("record: ends of several kinds", if_=len(kinds) > 1)

    def _note_stale(self, claim: ModelClaim, end: End, ended: list[ModelClaim]) -> None:
        self.note(f"{end.kind}: stale")
        self.note("record: one claim twice", if_=claim in ended)
        ids = [other.id for other in ended if other != claim]
        self.note("record: two claims of one task", if_=claim.id in ids)

    def _end(self, held: Held, end: End, *, is_kept: bool) -> None:
        model, task = self.model, self.model.live[held.model.id]
        unborn = len(model.unborn)
        match end.kind:
            case "finish":
                self._note_finish(task, is_kept=is_kept)
                model.finish(held.model, is_kept=is_kept)
            case "release":
                self.note("release: given back")
                model.release(held.model)
            case _:
                self._note_failure(task, end)
                model.fail(held.model, ERROR, retry_in=end.retry_in, is_final=end.is_final)
        if task.id not in model.live and task.call.repeat:
            self._note_repeat(task, is_over=len(model.unborn) == unborn)

    def _note_finish(self, task: ModelTask, *, is_kept: bool) -> None:
        self.note("finish: kept" if is_kept else "finish: deleted")
        has_errors = not is_kept and task.id in self.model.errors
        self.note("finish: deleted with its errors", if_=has_errors)
        if task.call.window is not None and task.call.is_unique:
            is_held = task.call.key in self.model.held
            self.note("finish: replaces a hold" if is_held else "finish: takes a hold")

    def _note_failure(self, task: ModelTask, end: End) -> None:
        is_last = task.attempts >= task.max_attempts
        if end.is_final or is_last:
            self.note("fail: dead-lettered" if is_last else "fail: discarded with attempts left")
        else:
            is_paused = end.retry_in is not None
            self.note("fail: retried after a pause" if is_paused else "fail: retried as it was due")
        self.note("fail: more errors than are kept", if_=task.attempts > ERRORS_KEPT)

    def _note_repeat(self, task: ModelTask, *, is_over: bool) -> None:
        if is_over:
            self.note("repeat: over")
            return
        missed = (self.model.now - (task.slot or 0)) >= task.call.repeat
        caught = "repeat: missed slots are caught up"
        left = "repeat: missed slots are left out"
        late = caught if task.call.catch_up else left
        self.note(late if missed else "repeat: next slot")
        self.note("repeat: after a dead letter", if_=task.id in self.model.failed)
