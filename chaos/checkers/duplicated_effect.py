"""duplicated-effect: a task had an effect too many.

Only at-least-once allows a row more than one: another one of an attempt that something excuses,
such as a death, an error or a fault. A lease that ran out while its worker lived and nothing held
it up excuses nothing: to keep it alive is the engine's job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.excuses import is_excused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.attempts import Effect, Task
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the effects that nothing justifies."""
    tasks = [task for task in history.tasks.values() if task.effects]
    return Findings(
        exercised=len(tasks),
        found=[
            _finding(history, contract, task, earlier, later)
            for task in tasks
            for earlier, later in extra_effects(history, contract, task)
        ],
    )


def extra_effects(history: History, contract: Contract, task: Task) -> list[tuple[Effect, Effect]]:
    """Return each effect too many, after the one that it repeats."""
    once = contract.delivery != "at-least-once"
    extra, firsts = _split_by_attempt(task.effects)
    chains = _by_row(firsts)
    spare = _rows_allowed(task) - len(chains)
    for row, chain in chains.items():
        repeats = [
            (earlier, later)
            for earlier, later in _successions(history, chain, once=once)
            if once or not _is_justified(history, contract, earlier, later)
        ]
        if row is None:
            retries = 0 if once else _retries(history, contract, chain)
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


def _successions(
    history: History, chain: list[Effect], *, once: bool
) -> Iterator[tuple[Effect, Effect]]:
    """Yield each effect of a row with the one that it repeats.

    One whose attempt was ordered before, and that a death or a fault delayed, repeats nothing where
    more than one is allowed.
    """
    last = chain[0]
    for effect in chain[1:]:
        is_late = effect.attempt is not None and history.may_be_belated(effect.attempt, last.began)
        if once or not is_late:
            yield last, effect
            last = effect


def _retries(history: History, contract: Contract, chain: list[Effect]) -> int:
    """Return how many attempts may have been repeated, of rows that nobody told apart.

    Their effects mix in time, so that one is not followed by its own repetition.
    """
    return sum(
        any(_is_justified(history, contract, earlier, later) for later in chain[index + 1 :])
        for index, earlier in enumerate(chain)
    )


def _by_row(effects: list[Effect]) -> dict[Any, list[Effect]]:
    """Return the effects of each row in the order in which their attempts began.

    The attempt that was held up may have its effect after the one that took its place.
    """
    chains: dict[Any, list[Effect]] = {}
    for effect in sorted(effects, key=lambda effect: effect.began):
        chains.setdefault(effect.row, []).append(effect)
    return chains


def _rows_allowed(task: Task) -> int:
    """Return how many rows the enqueues, and runs before them, may have made.

    Who made none is ``unexpected``; a slot with two rows is ``double-fire``.
    """
    called = sum(enqueue.may_have_made_a_row for enqueue in task.enqueues)
    repeated = [
        row for row in task.rows.values() if row.created and row.created.value.get("slot_at")
    ]
    return max(1, called) + len(repeated)


def _is_justified(history: History, contract: Contract, earlier: Effect, later: Effect) -> bool:
    if earlier.attempt is None:
        return history.may_have_failed(earlier.pid, earlier.began, later.began)
    return is_excused(history, contract, earlier.attempt, later.began)


def _finding(
    history: History, contract: Contract, task: Task, earlier: Effect, later: Effect
) -> Finding:
    if earlier.origin == later.origin:
        reason = "both of one attempt"
    elif earlier.row != later.row:
        reason = f"and its enqueues can have made {_rows_allowed(task)} rows only"
    elif contract.delivery != "at-least-once":
        reason = "and its contract allows one"
    else:
        reason = (
            f"although the attempt of the first did not raise and neither {earlier.op.process} nor"
            f" the holder of its claim died or was held up from {history.at(earlier.began)} to"
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
