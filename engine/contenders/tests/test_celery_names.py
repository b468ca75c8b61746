"""What the configurations of Celery are called and promise: each says what it changes."""

from __future__ import annotations

import pytest

from engine.contenders.celery import CONTENDERS, VERSIONS, Configuration

NAMES = {
    *("celery-redis-off-early", "celery-redis-everysec-early", "celery-redis-always-early"),
    *("celery-redis-off-late", "celery-redis-everysec-late", "celery-redis-always-late"),
    *("celery-rabbitmq-early", "celery-rabbitmq-late"),
}


def test_the_names_are_those_that_people_type() -> None:
    """A name says the broker, what it keeps and when a worker acknowledges."""
    assert set(CONTENDERS) == NAMES
    assert all(contender.name == name for name, contender in CONTENDERS.items())


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_contender_says_what_a_harness_has_to_start(name: str) -> None:
    """It queues in a broker, in the persistence of its name, and in no database."""
    contender = CONTENDERS[name]

    assert contender.databases == ()
    assert contender.broker in name.split("-")
    assert contender.broker == "rabbitmq" or contender.broker_persistence in name.split("-")
    assert contender.producer == "engine.contenders.producers.celery"


def test_titles_are_all_different_and_promises_differ_with_the_acknowledgement() -> None:
    """A page that lists two of them tells them apart."""
    titles = {contender.title for contender in CONTENDERS.values()}
    late = {item.delivery for name, item in CONTENDERS.items() if name.endswith("late")}
    early = {item.delivery for name, item in CONTENDERS.items() if name.endswith("early")}

    assert len(titles) == len(NAMES)
    assert not late & early


def test_early_acknowledgement_is_celerys_own_configuration() -> None:
    """Nothing is changed that a team would not find changed: no worker, no prefetch."""
    redis = Configuration(broker="redis", persistence="off", is_late=False)
    rabbitmq = Configuration(broker="rabbitmq", persistence="durable", is_late=False)

    assert redis.settings() == {}
    assert rabbitmq.settings() == {"broker_transport_options": {"confirm_publish": True}}


def test_late_acknowledgement_keeps_redis_visibility_timeout() -> None:
    """What a dead worker had comes back when Celery's default says so, as with most teams."""
    settings = Configuration(broker="redis", persistence="always", is_late=True).settings()

    assert settings["task_acks_late"]
    assert settings["task_reject_on_worker_lost"]
    assert settings["worker_prefetch_multiplier"] == 1
    assert "broker_transport_options" not in settings


def test_the_versions_of_what_decides_the_speed_are_told() -> None:
    """A figure without its versions cannot be measured again."""
    packages = CONTENDERS["celery-redis-off-early"].packages()

    assert VERSIONS.items() <= packages.items()
    assert {"redis", "Django", "python"} <= set(packages)
