"""Which recipe of docs/idempotency.md mends what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from properties.idempotency.reading import OTHER_FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.idempotency.differences import Difference
    from properties.idempotency.lives import Life

RECIPES: Final = {
    "row": "Recipe 1, a key for the row: give the row a unique key made of the arguments, and use "
    "get_or_create or update_or_create by that key.",
    "value": "Recipe 2, change and mark together: a change that depends on what is there (F() + 1, "
    "read and write) belongs into one transaction with a mark that it was made.",
    "together": "Recipe 3, one transaction: a kill between these statements leaves half of the "
    "work, which the next delivery takes for the whole. Put them into one transaction.atomic().",
    "key": "Recipe 4, a key for the other side: hand it an idempotency key made of the arguments; "
    "it has the effect twice otherwise, as no transaction reaches it.",
    "mail": "Recipe 4, a key for the other side: a mail has none, so a kill between the mail and "
    "its mark sends it again. Mark right after the mail, and accept that with "
    'may_repeat=["mail"].',
    "order": "Recipe 5, the effect before its mark: once the mark is there, no delivery makes up "
    "for the effect. First the effect, with an idempotency key, then the mark.",
    "hook": "Recipe 6, no duty for on_commit: a kill after the commit loses what on_commit was to "
    "do. Enqueue a task for it within the transaction.",
    "raised": "Recipe 7, be content with what is done: a delivery that finds the work done returns "
    "and does not raise; get_or_create, and an early return.",
}


def hint(found: Sequence[Difference], lives: Sequence[Life]) -> str:
    """Return the recipe for what differs after these deliveries."""
    if lives[-1].error is not None:
        return RECIPES["raised"]
    is_lost = any(one.got is None for one in found)
    if is_lost and any(life.has_hooks and life.death for life in lives):
        return RECIPES["hook"]
    outside = {one.table for one in found} & OTHER_FACTS
    if outside:
        again = "mail" if outside == {"mail"} else "key"
        return RECIPES["order" if is_lost else again]
    if any(life.death for life in lives):
        return RECIPES["together"]
    return RECIPES["row" if any(one.expected is None for one in found) else "value"]
