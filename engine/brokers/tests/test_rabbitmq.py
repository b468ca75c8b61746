"""Reading what RabbitMQ prints of its queues: nothing that it says is overlooked."""

from __future__ import annotations

import pytest

from engine.brokers.embedded_rabbitmq import value_of
from engine.brokers.rabbitmq import QueueState, durable_queues, parse_queues

CELERY = QueueState(is_durable=True, ready=5, unacknowledged=2)
EVENTS = QueueState(is_durable=False, ready=0, unacknowledged=0)


@pytest.mark.parametrize(
    ("printed", "queues"),
    [
        ("[]\n", {}),
        ('"celery true 5 2;"\n', {"celery": CELERY}),
        ('"celery true 5 2;events false 0 0;"', {"celery": CELERY, "events": EVENTS}),
        ('"celery true 5 2;"\n "events false 0 0;"\n', {"celery": CELERY, "events": EVENTS}),
    ],
)
def test_queues_are_read_as_they_are_printed(printed: str, queues: dict[str, QueueState]) -> None:
    """A long list is printed on several lines, an empty one in a way of its own."""
    assert parse_queues(printed) == queues


@pytest.mark.parametrize("printed", ['"a queue true 1 0;"', "{badrpc,nodedown}", '"celery true"'])
def test_what_is_no_list_of_queues_is_refused(printed: str) -> None:
    """A queue that is overlooked would pass for one that holds nothing."""
    with pytest.raises(ValueError, match="no list of queues"):
        parse_queues(printed)


def test_a_value_is_taken_out_of_what_erl_call_prints() -> None:
    """Both programs then say the same, and an error is not taken for a value."""
    assert value_of('{ok, "celery true 5 2;"}') == value_of('"celery true 5 2;"\n')
    with pytest.raises(ValueError, match="Incomplete form"):
        value_of('{error, "Incomplete form"}')


def test_each_queue_is_said_to_be_durable_or_not() -> None:
    """What survives the end of a broker is said queue by queue."""
    said = durable_queues({"events": EVENTS, "celery": CELERY})

    assert said == {"queue celery": "durable", "queue events": "transient"}
