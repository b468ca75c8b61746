"""Lose the answer to a statement that took effect: the client cannot know whether it did.

The statement, or the COMMIT of a transaction with such a statement, reaches the server. Its answer
is kept until it is complete. If it says that the statement took effect, the client gets a reset
instead of it; an error reaches the client.
"""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chaos.proxy.wire import Answer, Piece

At = Literal["commit", "statement"]
STATEMENT_LIMIT: Final = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswer:
    """Evidence of one lost answer.

    Attributes:
        statement: the statement that matched, its beginning.
        answer: what the server had answered: to the COMMIT, or to the statement.
        at_ns: when its last byte was here, by the monotonic clock.
        client_port: the port from which the client was connected.
    """

    statement: str
    answer: str
    at_ns: int
    client_port: int


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class LoseAnswers:
    """What to lose, how often, and what was lost.

    Attributes:
        statement: a regular expression, searched in statements without regard to case.
        at: commit loses the answer to the COMMIT behind such a statement, or to the statement if
            it is a transaction of its own; statement loses the answer to the statement itself,
            whose effect ends with its transaction if it has one.
        times: how many answers to lose.
    """

    statement: str
    at: At = "commit"
    times: int = 1
    lost: list[LostAnswer] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.times < 1:
            raise ValueError(f"Answers are lost once or more often, not {self.times} times.")
        re.compile(self.statement)

    @property
    def is_done(self) -> bool:
        """Whether it has lost as many as it was to."""
        return len(self.lost) >= self.times

    def find(self, statements: Iterable[str]) -> str | None:
        """Return the first of the statements that matches."""
        found = (one for one in statements if re.search(self.statement, one, re.IGNORECASE))
        return next(found, None)


class Transaction:
    """What one connection's open transaction contains, as far as the rules ask for it."""

    def __init__(self) -> None:
        self._found: dict[LoseAnswers, str] = {}

    def may_lose(self, rules: Sequence[LoseAnswers], piece: Piece) -> bool:
        """Tell whether the answer that this piece belongs to may have to be lost."""
        return not piece.is_awaited and any(
            rule in self._found or rule.find(piece.statements) is not None
            for rule in rules
            if not rule.is_done
        )

    def judge(self, rules: Sequence[LoseAnswers], answer: Answer, client_port: int) -> bool:
        """Tell whether to lose a complete answer, and write down that it was lost."""
        loss = self._loss(rules, answer) if answer.is_ok else None
        if answer.is_over:
            self._found.clear()
        if loss is None:
            return False
        rule, statement = loss
        rule.lost.append(
            LostAnswer(
                statement=statement[:STATEMENT_LIMIT],
                answer=answer.said,
                at_ns=time.monotonic_ns(),
                client_port=client_port,
            )
        )
        return True

    def _loss(self, rules: Sequence[LoseAnswers], answer: Answer) -> tuple[LoseAnswers, str] | None:
        for rule in rules:
            here = rule.find(answer.statements)
            if here is not None:
                self._found.setdefault(rule, here)
            committed = self._found.get(rule) if answer.is_committed else None
            statement = here if rule.at == "statement" else committed
            if statement is not None and not rule.is_done:
                return rule, statement
        return None
