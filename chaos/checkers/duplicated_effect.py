"""duplicated-effect: a task had an effect too many.

Effectively-once allows one effect a row. At-least-once allows another one after the attempt of the
one before raised, or its process or the process that held its claim may have died. A lease that ran
out while its worker lived justifies nothing: to keep it alive is the engine's job.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.attempts import Effect, Task
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the effects that nothing justifies."""
    once = contract.delivery == "effectively-once"
    tasks = [task for task in history.tasks.values() if task.effects]
    return Findings(
        exercised=len(tasks),
        found=[
            _finding(history, task, earlier, later, once=once)
            for task in tasks
            for earlier, later in extra_effects(history, task, once=once)
        ],
    )


def extra_effects(history: History, task: Task, *, once: bool) -> list[tuple[Effect, Effect]]:
    """Return each effect too many, after the one that it repeats."""
    extra, firsts = _split_by_attempt(task.effects)
    chains = _by_row(firsts)
    spare = _rows_allowed(task) - len(chains)
    for row, chain in chains.items():
        repeats = [
            (earlier, later)
            for earlier, later in itertools.pairwise(chain)
            if once or not _is_justified(history, earlier, later)
        ]
        if row is None:
            retries = 0 if once else _retries(history, chain)
            excess = len(chain) - 1 - retries - max(0, spare)
            repeats = repeats[len(repeats) - max(0, excess) :]
        extra.extend(repeats)
    origins = [chain[0] for chain in chains.values()]
    extra.extend((origins[0], origin) for origin in origins[len(origins) + min(0, spare) :])
    return extra


def _split_by_attempt(
    effects: list[Effect],
) -> tuple[list[tuple[Effect, Effect]], list[Effect]]:
    """Separate the repetitions within one attempt from the first effects of all attempts."""
    first: dict[object, Effect] = {}
    within = [
        (first[effect.origin], effect)
        for effect in effects
        if first.setdefault(effect.origin, effect) is not effect
    ]
    return within, list(first.values())


def _retries(history: History, chain: list[Effect]) -> int:
    """Return how many attempts may have been repeated, of rows that nobody told apart.

    Their effects mix in time, so that one is not followed by its own repetition.
    """
    return sum(
        any(_is_justified(history, earlier, later) for later in chain[index + 1 :])
        for index, earlier in enumerate(chain)
    )


def _by_row(effects: list[Effect]) -> dict[Any, list[Effect]]:
    chains: dict[Any, list[Effect]] = {}
    for effect in effects:
        chains.setdefault(effect.row, []).append(effect)
    return chains


def _rows_allowed(task: Task) -> int:
    """Return how many rows the enqueues may have made; who made none is ``unexpected``."""
    return max(1, sum(enqueue.may_have_made_a_row for enqueue in task.enqueues))


def _is_justified(history: History, earlier: Effect, later: Effect) -> bool:
    attempt = earlier.attempt
    if attempt is None:
        return history.may_have_died(earlier.pid, earlier.began, later.began)
    has_raised = attempt.outcome == "fail" and attempt.end <= later.began
    return has_raised or history.may_have_been_cut_off(attempt, later.began)


def _finding(
    history: History, task: Task, earlier: Effect, later: Effect, *, once: bool
) -> Finding:
    if earlier.origin == later.origin:
        reason = "both of one attempt"
    elif earlier.row != later.row:
        reason = f"and its enqueues can have made {_rows_allowed(task)} rows only"
    elif once:
        reason = "and its contract allows one"
    else:
        reason = (
            f"although the attempt of the first did not raise and neither {earlier.op.process} nor"
            f" the holder of its claim died from {history.at(earlier.began)} to"
            f" {history.at(later.began)}, when the attempt of the second began"
        )
    return Finding(
        task=task.key,
        proof=(
            f"{task.key} had an effect at {history.at(earlier.op.time)} in {_where(earlier)} and"
            f" another at {history.at(later.op.time)} in {_where(later)}, {reason}"
        ),
        moments=(earlier.op.time, later.op.time),
        ops=task.ops,
    )


def _where(effect: Effect) -> str:
    attempt = effect.attempt
    token = f", token {attempt.token}" if attempt and attempt.token is not None else ""
    number = f" (attempt {attempt.number}{token})" if attempt and attempt.number else ""
    return f"{effect.op.process}{number}"


CHECKER = Checker(name="duplicated-effect", opportunities="effects", find=find)
