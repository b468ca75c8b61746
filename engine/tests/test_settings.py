"""Settings: good values are taken, and any other is refused in one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured

from background_task.settings import Settings, read

if TYPE_CHECKING:
    from pytest_django import Settings as ProjectSettings


def test_a_project_without_settings_gets_the_defaults(settings: ProjectSettings) -> None:
    """The queue works with nothing set."""
    settings.BACKGROUND_TASK = {}

    assert read() == Settings()


def test_each_key_sets_its_value(settings: ProjectSettings) -> None:
    """A key is the upper-case name of a value; whole numbers are seconds too."""
    settings.BACKGROUND_TASK = {
        "MAX_ATTEMPTS": 7,
        "TIMEOUT_SECONDS": 60,
        "SLEEP_SECONDS": 0.5,
        "KEEP_COMPLETED": False,
    }

    assert read() == Settings(
        max_attempts=7, timeout_seconds=60, sleep_seconds=0.5, keep_completed=False
    )


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("MAX_ATTEMPTS", 0, "it must be a whole number above zero"),
        ("MAX_ATTEMPTS", 1.0, "it must be a whole number above zero"),
        ("MAX_ATTEMPTS", True, "it must be a whole number above zero"),
        ("MAX_ATTEMPTS", None, "it must be a whole number above zero"),
        ("MAX_PARAMS_BYTES", "1 MB", "it must be a whole number above zero"),
        ("LEASE_SECONDS", 0.1, "below 0.5 seconds no worker renews its leases in time"),
        ("LEASE_SECONDS", "15", "it must be a number of seconds above zero"),
        ("LEASE_SECONDS", 0, "it must be a number of seconds above zero"),
        ("LEASE_SECONDS", -1.5, "it must be a number of seconds above zero"),
        ("LEASE_SECONDS", math.nan, "it must be a number of seconds above zero"),
        ("LEASE_SECONDS", math.inf, "it must be a number of seconds above zero"),
        ("BACKOFF_SECONDS", "5", "it must be a number of seconds above zero"),
        ("SLEEP_SECONDS", False, "it must be a number of seconds above zero"),
        ("KEEP_COMPLETED", 1, "it must be True or False"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    settings: ProjectSettings, key: str, value: object, wanted: str
) -> None:
    """The error names the key, the value and what it should be."""
    settings.BACKGROUND_TASK = {key: value}

    with pytest.raises(ImproperlyConfigured) as caught:
        read()

    assert str(caught.value) == f"BACKGROUND_TASK[{key!r}] is {value!r}; {wanted}"


def test_a_key_that_does_not_exist_is_refused(settings: ProjectSettings) -> None:
    """A typing mistake is not a silent default."""
    settings.BACKGROUND_TASK = {"LEASE": 5}

    with pytest.raises(ImproperlyConfigured, match="has no key 'LEASE'; the keys are MAX_ATTEMPTS"):
        read()


@pytest.mark.parametrize("value", [None, [], "LEASE_SECONDS=5"])
def test_what_is_no_dict_is_refused(settings: ProjectSettings, value: object) -> None:
    """A setting of another shape gets a sentence and no traceback from inside."""
    settings.BACKGROUND_TASK = value

    with pytest.raises(ImproperlyConfigured, match=r"BACKGROUND_TASK is .*; it must be a dict"):
        read()
