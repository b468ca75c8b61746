"""Engines that are right in another way: each must stay clean, on every database.

Each is the reference engine with one mechanism replaced by one that another queue relies on. They
bound the harness's false alarms: whoever accuses one of them has mistaken our way for the only one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.zoo.correct.claiming import CLAIMING
from chaos.zoo.correct.enqueueing import ENQUEUEING
from chaos.zoo.correct.holding import HOLDING
from chaos.zoo.correct.reaping import REAPING

if TYPE_CHECKING:
    from chaos.zoo.engine import ChangedEngine

CORRECT: Final[tuple[ChangedEngine, ...]] = (*CLAIMING, *HOLDING, *ENQUEUEING, *REAPING)

__all__ = ["CORRECT"]
