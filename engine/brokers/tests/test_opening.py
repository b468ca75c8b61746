"""Choosing a broker: what cannot be had is said in one line that names what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import engine.brokers
from engine.brokers import NAMES, PERSISTENCES, Unavailable, open_broker

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = {"redis": "apt-get install redis-server", "rabbitmq": "apt-get install rabbitmq-server"}


def test_the_public_names_are_sorted_and_there() -> None:
    """The package offers these names, and no other may be relied on."""
    assert engine.brokers.__all__ == sorted(engine.brokers.__all__, key=by_kind)
    assert all(hasattr(engine.brokers, name) for name in engine.brokers.__all__)


def by_kind(name: str) -> tuple[int, str]:
    """Sort as the linter does: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the programs of brokers and the docker engine of this machine."""
    monkeypatch.setattr("engine.databases.embedded_mysql._SYSTEM_FOLDERS", ())
    monkeypatch.setattr("engine.brokers.embedded_rabbitmq._USUAL_FOLDERS", ())
    monkeypatch.setattr("engine.brokers.embedded_rabbitmq._USUAL_APPLICATIONS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")


@pytest.mark.parametrize("name", NAMES)
def test_without_program_and_engine_one_line_says_what_to_do(
    name: str, bare_machine: None, tmp_path: Path
) -> None:
    """A broker that cannot be had is not replaced by another."""
    with pytest.raises(Unavailable) as caught:
        open_broker(name, tmp_path)

    assert caught.value.name == name
    assert PACKAGES[name] in caught.value.install
    assert "start docker" in caught.value.install
    assert "\n" not in str(caught.value)


def test_a_wrapper_of_the_system_is_not_taken_for_the_broker(
    bare_machine: None, tmp_path: Path
) -> None:
    """A wrapper changes the account and the log: only the script beside rabbitmq-env will do."""
    wrapper = tmp_path / "rabbitmq-script-wrapper"
    wrapper.touch(mode=0o755)
    (tmp_path / "rabbitmq-server").symlink_to(wrapper)
    (tmp_path / "rabbitmq-env").touch()

    with pytest.raises(Unavailable, match="no rabbitmq-server on PATH"):
        open_broker("rabbitmq", tmp_path, provider="embedded")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("kafka", {}, "'kafka' is not a broker we know: choose of redis, rabbitmq"),
        ("redis", {"persistence": "daily"}, "redis has no persistence 'daily': choose always or"),
        ("rabbitmq", {"persistence": "off"}, "rabbitmq has no persistence 'off': choose durable"),
        ("redis", {"provider": "dsn"}, "'dsn' is no provider: choose of embedded, container"),
    ],
)
def test_a_mistake_is_answered_with_the_choices(
    name: str, options: dict[str, str], message: str, tmp_path: Path
) -> None:
    """One sentence says what is wrong and what there is."""
    with pytest.raises(ValueError, match=message):
        open_broker(name, tmp_path, **options)


def test_every_broker_has_a_default_persistence() -> None:
    """A broker without one could not be opened."""
    assert set(PERSISTENCES) == set(NAMES)
    assert all(PERSISTENCES.values())
