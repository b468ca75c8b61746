"""Messages: whole ones come out, whatever pieces they came in."""

from __future__ import annotations

import pytest

from background_task.worker.messages import LineBuffer, Message, to_line

MESSAGES: list[Message] = [
    ["started", 1],
    ["finished", 1, '"line\nbreak"'],
    ["failed", 2, "naïve 🐘 \ud800"],
    ["returned", []],
]
STREAM = b"".join(to_line(message) for message in MESSAGES)


@pytest.mark.parametrize("size", [1, 2, 7, len(STREAM) - 1, len(STREAM)])
def test_pieces_of_any_size_make_the_same_messages(size: int) -> None:
    """Where a stream is cut does not matter."""
    lines = LineBuffer()

    received = [
        message
        for start in range(0, len(STREAM), size)
        for message in lines.feed(STREAM[start : start + size])
    ]

    assert received == MESSAGES


def test_a_message_is_one_line() -> None:
    """A line break in a text does not end its message."""
    assert [to_line(message).count(b"\n") for message in MESSAGES] == [1] * len(MESSAGES)


def test_a_line_without_its_end_is_no_message() -> None:
    """What a killed process began to say is never believed."""
    lines = LineBuffer()

    assert list(lines.feed(to_line(["started", 1]) + b'["finished", 1, null]')) == [["started", 1]]
