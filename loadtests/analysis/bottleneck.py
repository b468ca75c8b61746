"""Names what limits a queue at its knee, and how well that is known.

*proven*: sampling suspects the resource, its flip moves the capacity by a tenth or more, clear of
1 and of the control's own spread, and the relief of nothing else moves it more (load.md 3.6).
*supported*: by sampling, or by a flip, alone. *unknown*: otherwise; a suspect whose flip moved
nothing is cleared, however much its waits were sampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.analysis.flips import Flip, flips_of, is_outdone
from loadtests.analysis.scene import Scene, saturated_step
from loadtests.analysis.suspects import Suspicion, is_full, sleeps_mostly, suspicions
from reports.load_schema import Bottleneck, Suspect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.load_schema import Confidence, Knee, Ratio
    from reports.load_steps import Step, Target

UNKNOWN: Final = "unknown"
WORDS: Final[Mapping[str, str]] = {
    "commit_flush": "making commits durable",
    "database_cpu": "the database's CPU time",
    "python_cpu": "Python's CPU time",
    "row_locks": "locks on rows",
    "table_lock": "a lock on a table",
    "writer_lock": "SQLite's one writer at a time",
    "polling": "looking for tasks",
    "connections": "the number of connections",
    "network": "the way to the server",
    "bloat": "dead rows",
    "worker_slots": "the number of workers",
    "generator": "the load generator",
}


def find_bottleneck(
    target: Target,
    knee: Knee,
    steps: Sequence[Step],
    ratios: Sequence[Ratio],
    *,
    idle: Step | None = None,
    workers: int | None = None,
    work_ms: float | None = None,
) -> Bottleneck:
    """Weigh the saturated step of a search and the flips at it.

    Args:
        target: what was put under load.
        knee: the result of the search.
        steps: of the run; those of other targets are left out.
        ratios: of the flips, and of the control with itself, named "A/A".
        idle: a step without load, which tells what polling costs.
        workers: tasks that can run at the same time.
        work_ms: of a body, on average.
    """
    step = saturated_step(knee, steps)
    if step is None:
        return _without_saturation(target, knee)
    scene = Scene(step=step, idle=idle, workers=workers, work_ms=work_ms)
    own = [each for each in ratios if each.target.contender == target.contender]
    own = [each for each in own if each.target.database == target.database]
    flips = flips_of(own, sleeps=sleeps_mostly(scene), is_full=is_full(scene))
    suspects = _suspects(suspicions(scene), flips)
    first = next((each for each in suspects if each.confidence != UNKNOWN), None)
    return Bottleneck(
        target=target,
        label=first.label if first else UNKNOWN,
        confidence=first.confidence if first else UNKNOWN,
        sentence=_sentence(step, first, flips),
        suspects=suspects,
    )


def _without_saturation(target: Target, knee: Knee) -> Bottleneck:
    if knee.status == "generator_limited":
        return Bottleneck(
            target=target,
            label="generator",
            confidence="supported",
            sentence="The load generator was the limit, so nothing is said about the queue's own.",
        )
    return Bottleneck(
        target=target,
        label=UNKNOWN,
        confidence=UNKNOWN,
        sentence="No step was saturated, so nothing is known about what limits the queue.",
    )


def _suspects(found: Sequence[Suspicion], flips: Sequence[Flip]) -> tuple[Suspect, ...]:
    """Return all suspects, the best known first and of these the weightiest."""
    tested = {flip.meaning.label for flip in flips if flip.meaning and flip.fits}
    missing = [
        Suspicion(label=label, utilisation=None, evidence=(), weight=0.0, is_supported=False)
        for label in sorted(tested - {each.label for each in found})
    ]
    suspects = [_suspect(each, flips) for each in (*found, *missing)]
    ranks: dict[Confidence, int] = {"proven": 0, "supported": 1, "unknown": 2}
    return tuple(sorted(suspects, key=lambda each: ranks[each.confidence]))


def _suspect(suspicion: Suspicion, flips: Sequence[Flip]) -> Suspect:
    own = [flip for flip in flips if flip.meaning and flip.meaning.label == suspicion.label]
    return Suspect(
        label=suspicion.label,
        confidence=_confidence(suspicion, own, flips),
        utilisation=suspicion.utilisation,
        evidence=suspicion.evidence,
        flips=tuple(flip.ratio.name for flip in own),
    )


def _confidence(suspicion: Suspicion, own: Sequence[Flip], flips: Sequence[Flip]) -> Confidence:
    fitting = [flip for flip in own if flip.fits]
    if fitting and suspicion.is_supported and not is_outdone(fitting[0], flips):
        return "proven"
    if any(flip.is_relief for flip in fitting):
        return "supported"
    if any(flip.clears for flip in own) and not fitting:
        return "unknown"
    return "supported" if suspicion.is_supported else "unknown"


def _sentence(step: Step, first: Suspect | None, flips: Sequence[Flip]) -> str:
    at = f"At {step.offered_rate:.0f} tasks/s"
    if first is None:
        return f"{at} nothing that was sampled or flipped explains the limit."
    words = WORDS[first.label]
    seen = _seen(first)
    named = [flip for flip in flips if flip.ratio.name in first.flips and flip.fits]
    if not named:
        return f"{at} {words} is probably the limit{seen}; no flip has proven it."
    ratio = named[0].ratio
    moved = (
        f"{ratio.after} instead of {ratio.before} changed the capacity by a factor of "
        f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    )
    if first.confidence == "proven":
        return f"{at} {words} is the limit{seen}: {moved}, and nothing else more."
    return f"{at} {words} is probably the limit{seen}: {moved}."


def _seen(first: Suspect) -> str:
    if first.utilisation is None:
        return ""
    return f", in use for {first.utilisation:.0%} of the time"
