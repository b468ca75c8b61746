"""The company that charges cards, reached over the network."""


def charge(card: str, total: int, *, idempotency_key: str | None = None) -> None:
    """Take the money. A call with the key of an earlier call has no effect."""
    raise ConnectionError(f"{card=} {total=} {idempotency_key=}: this is an example, and no bank")
