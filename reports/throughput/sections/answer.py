"""The answer on one screen: what to do, how sure that is, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.answer import STAY_FROM, TUNE_FROM
from reports.throughput.blocks import Banner, Facts, Listing, Section, Table, columns
from reports.throughput.changes import what_would_change
from reports.throughput.comparability import machine_of
from reports.throughput.pieces import Mark, listed, say, stored
from reports.throughput.quantities import (
    exact,
    milliseconds,
    number,
    rate,
    ratio,
    several,
    share,
)
from reports.throughput.sections.checks import confidence_fold, say_confidence
from reports.throughput.sections.headroom import headroom_figure
from reports.throughput.sections.missing import missing
from reports.throughput.wording import (
    CONFIDENCES,
    DECISIONS,
    PARTIAL,
    STATUSES,
    bracket,
    case_name,
    label,
    machine_name,
)

if TYPE_CHECKING:
    from reports.throughput.answer import Answer
    from reports.throughput.blocks import Block
    from reports.throughput.context import Context
    from reports.throughput.forecast import Forecast
    from reports.throughput.pieces import Piece
    from reports.throughput.verdicts import Verdict

_WORDS = {
    "stay": "Stay with the database queue",
    "tune": "Tune the database queue",
    "move": "Move, or shard",
    "undecided": "Undecided",
    "open": "It depends on your peak",
}
_WOULD = {
    "stay": Mark(text="would do", tone="stay"),
    "tune": Mark(text="would need tuning", tone="tune"),
    "move": Mark(text="would not do", tone="move"),
}


def section(context: Context) -> Section:
    """Answer for the chosen case, then for all."""
    if not context.verdicts:
        blocks: tuple[Block, ...] = (missing("answer", "A capacity, and with it an answer,"),)
    else:
        blocks = _blocks(context, context.verdicts[0])
    return Section(id="answer", title="The answer", blocks=blocks)


def _blocks(context: Context, verdict: Verdict) -> tuple[Block, ...]:
    shown = headroom_figure(verdict, context.forecast) if context.forecast else None
    changes = Listing(
        title="What would change the answer",
        items=tuple(what_would_change(verdict, context.cases, context.forecast)),
    )
    return (
        _banner(verdict, context.forecast),
        *(() if context.forecast else (_each(context),)),
        Facts(rows=tuple(_facts(verdict, context.forecast))),
        changes,
        *(
            (shown, _outlooks(verdict.answer, context.forecast))
            if shown and context.forecast
            else ()
        ),
        _all_answers(context),
        confidence_fold(verdict.confidence),
    )


def _each(context: Context) -> Listing:
    """Turn the rule round for every queue in a database."""
    return Listing(
        title="For each database",
        items=tuple(
            say(
                "{case}: {said}",
                case=case_name(verdict.case, with_run=len(context.runs) > 1),
                said=say_answer(verdict.answer, None),
            )
            for verdict in context.verdicts
            if verdict.case.database is not None
        ),
    )


def _banner(verdict: Verdict, forecast: Forecast | None) -> Banner:
    decision = verdict.answer.decision
    about = say(
        "{case}, on {machine}",
        case=verdict.case.title,
        machine=machine_name(verdict.case.machine),
    )
    return Banner(
        tone=decision,
        word=_WORDS[decision],
        about=about,
        sentence=say_answer(verdict.answer, forecast),
    )


def say_answer(answer: Answer, forecast: Forecast | None) -> Piece:
    """Say in one or two sentences what was decided and why."""
    match answer.reason:
        case "no_knee":
            return say("No capacity was found, so there is nothing to divide by the peak.")
        case "no_forecast":
            return _say_limits(answer)
        case "unstable":
            return say(
                "The repeats of one rate did not agree, so that no capacity is claimed: "
                "measure again on a quieter machine, or with more repeats."
            )
        case "at_most":
            return _say_ceiling(answer)
        case "latency":
            return say(
                "The headroom of {headroom} would do, but p99 is {measured} near that rate and "
                "{needed} are needed.",
                headroom=ratio(answer.headroom),
                measured=milliseconds(answer.p99_ms),
                needed=milliseconds(answer.needed_p99_ms),
            )
        case _:
            return _say_headroom(answer, forecast)


def _say_headroom(answer: Answer, forecast: Forecast | None) -> Piece:
    months = forecast.horizon_months if forecast else None
    said = say(
        "It holds {least}{low} tasks per second, {headroom} times the peak that is expected in "
        "{months} months; today {now} times.",
        least="at least " if answer.is_at_least else "",
        low=rate(answer.low),
        headroom=ratio(answer.headroom),
        months=number(months),
        now=ratio(answer.headroom_now),
    )
    if answer.reason != "at_least":
        return said
    return say(
        "{said} The capacity was not reached, so that is a lower bound, and it is too low to "
        "decide: run the profile with a higher end.",
        said=said,
    )


def _say_limits(answer: Answer) -> Piece:
    if answer.status == "unstable":
        return say("The repeats of one rate did not agree, so that no capacity is claimed.")
    if answer.limits.stay_below is None:
        return _say_ceiling(answer)
    return say(
        "Stay while your peak is below {stay} tasks per second{least}; tune up to {tune}; "
        "above that move, or shard.",
        stay=rate(answer.limits.stay_below),
        tune=rate(answer.limits.tune_below),
        least=" (at least: no rate of the profile failed)" if answer.is_at_least else "",
    )


def _say_ceiling(answer: Answer) -> Piece:
    if answer.high is None:
        return say("No rate was held and none failed, so that no capacity is claimed.")
    return say(
        "Already the lowest rate of the profile, {high} tasks per second, was not held: the "
        "capacity is below it.",
        high=rate(answer.high),
    )


def _facts(verdict: Verdict, forecast: Forecast | None) -> list[tuple[Piece, Piece]]:
    answer = verdict.answer
    rows: list[tuple[Piece, Piece]] = [("Capacity", _say_capacity(verdict)), ("Rule", say_rule())]
    if forecast is not None:
        rows.insert(1, ("Forecast", _say_forecast(forecast, answer)))
        rows.insert(2, ("Headroom ends", _say_ends(answer, forecast)))
        rows += _needs(answer)
    rows.append(("Limited by", _say_limit(verdict)))
    rows.append(("Confidence", say_confidence(verdict.confidence)))
    return rows


def _say_capacity(verdict: Verdict) -> Piece:
    status = verdict.answer.status
    return say(
        "{bracket} tasks per second, {status}{partial}",
        bracket=bracket(verdict.case.knee),
        status=STATUSES[status] if status else "",
        partial=say(" {mark}", mark=PARTIAL) if verdict.case.run.is_partial else "",
    )


def say_rule() -> Piece:
    """Say the rule with its thresholds."""
    return say(
        "Headroom is the low end of the capacity divided by the forecast peak: from {stay} stay, "
        "from {tune} tune, below that move, or shard.",
        stay=exact(STAY_FROM),
        tune=exact(TUNE_FROM),
    )


def _say_forecast(forecast: Forecast, answer: Answer) -> Piece:
    notes = say(" Notes: {notes}", notes=stored(forecast.notes)) if forecast.notes else ""
    return say(
        "{now} tasks per second today (a peak of {peak}, times {burst} for bursts), {then} in "
        "{months} months with {growth} growth per month.{notes}",
        now=rate(answer.peak_now),
        peak=exact(forecast.peak_rate),
        burst=exact(forecast.burst_factor),
        then=rate(next(o.peak for o in answer.outlooks if o.growth == "expected")),
        months=number(forecast.horizon_months),
        growth=share(forecast.growth.expected),
        notes=notes,
    )


def _say_ends(answer: Answer, forecast: Forecast) -> Piece:
    if answer.low is None:
        return Mark(text="not known, as no capacity is claimed", tone="quiet")
    said = [
        say(
            "with {growth} growth ({monthly}) {least}{when}",
            growth=outlook.growth,
            monthly=share(outlook.monthly),
            least="at the earliest " if answer.is_at_least and outlook.full_month else "",
            when=say_month(outlook.full_month, forecast),
        )
        for outlook in answer.outlooks
    ]
    return listed(said)


def say_month(month: int | None, forecast: Forecast) -> Piece:
    """Say a month counted from the forecast's start, by its name too if that is known."""
    if month is None:
        return "never"
    if month == 0:
        return "now"
    said = say("in month {month}", month=number(month))
    if forecast.starts_on is None:
        return said
    total = forecast.starts_on.year * 12 + forecast.starts_on.month - 1 + month
    name = f"{total // 12}-{total % 12 + 1:02d}"
    return say("{said} ({name})", said=said, name=stored(name))


def _outlooks(answer: Answer, forecast: Forecast) -> Table:
    rows = tuple(
        (
            outlook.growth,
            share(outlook.monthly),
            rate(outlook.peak),
            ratio(outlook.headroom),
            say_month(outlook.tune_month, forecast),
            say_month(outlook.move_month, forecast),
            say_month(outlook.full_month, forecast),
        )
        for outlook in answer.outlooks
    )
    names = ("Per month", "Peak at the horizon", "Headroom there")
    return Table(
        caption=say(
            "When the headroom runs out, by growth: below {stay}, below {tune}, and when the queue "
            "does not keep up.",
            stay=exact(STAY_FROM),
            tune=exact(TUNE_FROM),
        ),
        columns=(
            *columns("Growth"),
            *columns(*names, figures=len(names)),
            *columns("No longer stay", "No longer tune", "Full"),
        ),
        rows=rows,
    )


def _needs(answer: Answer) -> list[tuple[Piece, Piece]]:
    rows: list[tuple[Piece, Piece]] = []
    if answer.needed_p99_ms is not None:
        is_met = answer.p99_ms is not None and answer.p99_ms <= answer.needed_p99_ms
        rows.append(
            (
                "Latency",
                say(
                    "p99 end to end {measured} near the forecast peak; {needed} are needed: {met}",
                    measured=milliseconds(answer.p99_ms),
                    needed=milliseconds(answer.needed_p99_ms),
                    met=Mark(text="met", tone="good")
                    if is_met
                    else Mark(text="not met", tone="bad"),
                ),
            )
        )
    if answer.is_atomic_needed:
        rows.append(("Atomic enqueue", "needed: a broker cannot give it without an outbox table."))
    return rows


def _say_limit(verdict: Verdict) -> Piece:
    found = verdict.case.bottleneck()
    if found is None:
        return Mark(text="not analysed", tone="quiet")
    return say(
        "{label}: {confidence}", label=label(found.label), confidence=CONFIDENCES[found.confidence]
    )


def say_decision(verdict: Verdict) -> Piece:
    """Say an answer in a word; of a queue behind a broker whether it would do."""
    decision = verdict.answer.decision
    if verdict.case.database is None and decision in _WOULD:
        return _WOULD[decision]
    return DECISIONS[decision]


def _all_answers(context: Context) -> Table:
    is_many = len(context.machines) > 1
    rows = []
    for verdict in context.verdicts:
        answer = verdict.answer
        limits = (rate(answer.limits.stay_below), rate(answer.limits.tune_below))
        row = [
            case_name(verdict.case, with_run=is_many),
            say_decision(verdict),
            bracket(verdict.case.knee),
            ratio(answer.headroom) if context.forecast else limits[0],
            limits[0] if context.forecast else limits[1],
            verdict.confidence.level,
        ]
        if is_many:
            row.append(machine_name(machine_of(verdict.case.run)))
        rows.append(tuple(row))
    figures = ("Headroom", "Stay up to") if context.forecast else ("Stay up to", "Tune up to")
    names = ("Queue", "Answer", "Capacity, tasks/s", *figures, "Confidence")
    return Table(
        caption=say(
            "The same rule for {n}. Capacity and limits are in tasks per second.",
            n=several(len(rows), "queue that was searched", "queues that were searched"),
        ),
        columns=columns(*names, *(("Machine",) if is_many else ())),
        rows=tuple(rows),
    )
