"""The two ways in which a database fails us: it cannot be had, or its server does not come up.

Both say in their text what the reader can do about it.
"""

from __future__ import annotations


class Unavailable(Exception):  # noqa: N818 - the word that readers know from the reports
    """A database, or what was asked of it, cannot be had here.

    Attributes:
        name: the database that was asked for.
        reason: why it cannot be had.
        install: what to install or to type to have it.
    """

    def __init__(self, name: str, *, reason: str, install: str) -> None:
        self.name = name
        self.reason = reason
        self.install = install
        super().__init__(f"{name} cannot be had: {reason}; {install}.")


class ServerFailed(Exception):  # noqa: N818 - it is the server that failed
    """A server did not start, or did not answer in time; the last lines of its log follow."""

    def __init__(self, name: str, *, reason: str, last_words: str) -> None:
        self.name = name
        self.reason = reason
        self.last_words = last_words
        super().__init__(f"{name}: {reason}; its log ends with:\n{last_words}")
