"""Try every single redelivery of a task, then let Hypothesis draw arguments and longer plans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from properties.idempotency.errors import CannotTellError, NotIdempotentError
from properties.idempotency.plans import Plan, plans, single_redeliveries
from properties.idempotency.trial import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DataObject, SearchStrategy

    from properties.idempotency.trial import Trial


def explore(
    trial: Trial, args: Sequence[Any], kwargs: dict[str, Any], max_examples: int | None
) -> None:
    """Look for a plan that breaks the task; what is raised belongs to the smallest.

    Raises:
        NotIdempotentError: there is one.
        CannotTellError: nothing can be said, for the reason given.
    """
    try:
        import hypothesis
    except ImportError:
        raise CannotTellError(
            "Hypothesis is not installed, which draws the plans: pip install killproof[idempotency]"
        ) from None
    calls, examination = _calls(args, kwargs), _Examination(trial)

    def examine(data: DataObject) -> None:
        examination.examine(data, calls)

    # Hypothesis keeps failing examples by this name: those of each task apart.
    examine.__name__ = re.sub(r"\W", "_", f"examine_{trial.name}")
    check = hypothesis.given(hypothesis.strategies.data())(examine)
    try:
        _settings(max_examples)(check)()
    except hypothesis.errors.Flaky:
        raise CannotTellError(
            f"{trial.name} is not deterministic: one plan led to different states in two runs of "
            "it. Look for what is kept between runs, as in a module or a cache; reset it in given=."
        ) from None


def _settings(max_examples: int | None) -> Any:
    """Return the settings of the profile, but for what is about tests of another kind."""
    from hypothesis import HealthCheck, Phase, settings

    return settings(
        settings() if max_examples is None else settings(max_examples=max_examples),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        print_blob=False,
    )


def _calls(args: Sequence[Any], kwargs: dict[str, Any]) -> SearchStrategy[Call]:
    from hypothesis import strategies as st

    def strategy(value: Any) -> SearchStrategy[Any]:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    return st.builds(
        lambda args, kwargs: Call(args=args, kwargs=kwargs),
        st.tuples(*map(strategy, args)),
        st.fixed_dictionaries({name: strategy(value) for name, value in kwargs.items()}),
    )


class _Examination:
    """What Hypothesis runs, again and again; it remembers which sequences of effects are sound."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._sound: set[tuple[str, ...]] = set()
        self._passed: set[tuple[str, Plan]] = set()
        self._is_shrinking = False

    def examine(self, data: DataObject, calls: SearchStrategy[Call]) -> None:
        """Try every single redelivery of a call, and one longer plan."""
        call = data.draw(calls)
        try:
            effects = tuple(self._trial.single(call).lives[-1].effects)
            # What is drawn must not depend on what was found sound before.
            plan = data.draw(plans(len(effects)))
            self._try_single_redeliveries(call, effects)
            self._judge(call, plan)
        except (NotIdempotentError, CannotTellError):
            # From now on the same call must fail again: what was found sound counts no more.
            self._is_shrinking = True
            raise

    def _try_single_redeliveries(self, call: Call, effects: tuple[str, ...]) -> None:
        """Try them all for each sequence of effects that is seen for the first time."""
        if effects not in self._sound or self._is_shrinking:
            for plan in single_redeliveries(len(effects)):
                self._judge(call, plan)
            self._sound.add(effects)

    def _judge(self, call: Call, plan: Plan) -> None:
        if (str(call), plan) not in self._passed:
            self._trial.judge(call, plan)
            self._passed.add((str(call), plan))
