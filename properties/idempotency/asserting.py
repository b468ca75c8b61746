"""``assert_idempotent``, which is all that a test needs to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from properties.idempotency.errors import CannotTellError, NotIdempotentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def assert_idempotent(
    task: Any,
    /,
    *args: Any,
    given: Callable[..., Any] | None = None,
    observe: Callable[[], Any] | None = None,
    effects: Sequence[Any] = (),
    ignore: Sequence[str] = (),
    may_repeat: Sequence[str] = (),
    may_raise: tuple[type[BaseException], ...] = (),
    allow_no_effect: bool = False,
    max_examples: int | None = None,
    **kwargs: Any,
) -> None:
    """Assert that a task which is killed and delivered again does what one delivery does.

    Every run starts from the rows that are there now, and puts them back.

    Args:
        task: a function, or a task made of one.
        *args: its arguments, or Hypothesis strategies for them.
        **kwargs: its keyword arguments, or strategies for them.
        given: makes more rows before each run; gets the task's arguments if it takes them.
        observe: returns more state to compare, as what a fake service holds.
        effects: callables outside the database, or the paths that they are called by.
        ignore: what is not compared: "app.Model.field", "app.Model", "mail.body".
        may_repeat: what may happen once more for each kill: "mail", or the name of an effect.
        may_raise: what a delivery may raise that finds the work done.
        allow_no_effect: whether a task passes that changes nothing.
        max_examples: how many plans Hypothesis draws; the profile says so otherwise.

    Raises:
        NotIdempotentError: with the smallest plan that shows it.
        CannotTellError: with the reason, as that the task changes nothing.
    """
    __tracebackhide__ = True
    from properties.idempotency.exploring import explore
    from properties.idempotency.trial import Trial, Wishes

    wishes = Wishes(
        given=given, observe=observe, ignore=ignore, may_repeat=may_repeat, may_raise=may_raise
    )
    try:
        trial = Trial(task, wishes)
        with trial.opened(effects):
            explore(trial, args, kwargs, max_examples)
        if not allow_no_effect:
            trial.refuse_no_effect()
    except (NotIdempotentError, CannotTellError) as error:
        # A new one of the kind: Hypothesis has hung its own words on this one.
        raise type(error)(*error.args) from error.__cause__
