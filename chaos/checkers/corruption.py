"""corruption: a body got other arguments than were enqueued, or its result is not what is stored.

Arguments are compared by what stands for them, their digest. Of results the stored one is compared
with those that the attempts returned which may have finished the row; one that another task
returned is cross-talk, and the proof says whose it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Attempt, History, Row, Task
    from engine.subjects.contract import Contract
    from reports.schema import Op


def find(history: History, contract: Contract) -> Findings:
    """Find the arguments and the results that were changed on their way."""
    arguments = list(_arguments(history))
    results = list(_results(history)) if contract.keeps_results else []
    wrong = [told for told in results if _read(told[1].value["result"]) not in told[2]]
    owners = _owners(history) if wrong else {}
    return Findings(
        exercised=len(arguments) + len(results),
        found=[
            *(
                _argument_finding(history, *told)
                for told in arguments
                if told[1].digest not in told[2]
            ),
            *(_result_finding(history, row, end, owners) for row, end, _ in wrong),
        ],
    )


def _arguments(history: History) -> Iterator[tuple[Task, Attempt, list[Any]]]:
    """Yield the attempts whose arguments are known, with those that they may have had."""
    for task in history.tasks.values():
        for attempt in task.attempts:
            makers = [one for one in task.enqueues if one.may_have_made_a_row]
            own = [one for one in makers if attempt.row is not None and one.row == attempt.row]
            sent = [one.digest for one in own or makers]
            if attempt.digest is not None and sent and None not in sent:
                yield task, attempt, sent


def _results(history: History) -> Iterator[tuple[Row, Op, list[Any]]]:
    """Yield the finishes with a result, with what the attempts returned that may have made them."""
    for row in history.rows.values():
        for op in row.audit:
            if op.f == "finish" and "result" in op.value:
                returned = _returned(row, op)
                if returned:
                    yield row, op, returned


def _returned(row: Row, finish: Op) -> list[Any]:
    """Return the results of the attempts that named the finish's token, or no token at all."""
    tokens = {None, finish.token}
    return [
        _read(start.answer.value["result"])
        for start in row.starts
        if start.answer is not None
        and "result" in start.answer.value
        and (finish.token is None or start.token in tokens)
    ]


def _read(result: Any) -> Any:
    """Read JSON, so that two ways to write one value are equal; what is none stays as it is."""
    if not isinstance(result, str):
        return result
    try:
        return json.loads(result)
    except ValueError:
        return result


def _owners(history: History) -> dict[str, str]:
    """Return which task returned a result, by the result."""
    return {
        repr(_read(attempt.answer.value["result"])): task.key
        for task in history.tasks.values()
        for attempt in task.attempts
        if attempt.answer is not None and "result" in attempt.answer.value
    }


def _argument_finding(history: History, task: Task, attempt: Attempt, sent: list[Any]) -> Finding:
    calls = [one.invoke.time for one in task.enqueues]
    return Finding(
        task=task.key,
        proof=(
            f"{attempt.process} began {task.key} at {history.at(attempt.start)} with arguments of"
            f" digest {attempt.digest}, and it was enqueued with {' or '.join(map(str, sent))}"
        ),
        moments=(attempt.start, *calls),
        ops=task.ops,
    )


def _result_finding(history: History, row: Row, finish: Op, owners: dict[str, str]) -> Finding:
    stored = finish.value["result"]
    owner = owners.get(repr(_read(stored)))
    whose = f", which is what {owner} returned" if owner not in {None, row.task} else ""
    returned = " or ".join(json.dumps(one) for one in _returned(row, finish))
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} of {row.task} was finished at {history.at(finish.time)} with the result"
            f" {json.dumps(_read(stored))}{whose}, and its attempt had returned {returned}"
        ),
        moments=(finish.time, *(round(start.start) for start in row.starts)),
        ops=row.ops,
    )


CHECKER = Checker(
    name="corruption", opportunities="arguments or results that can be compared", find=find
)
