"""What is compared: rows and their links, what ``observe`` returns, and declared effects."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User

from properties import CannotTellError, NotIdempotentError, assert_idempotent

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")


def test_links_between_new_rows_are_compared_and_their_ids_are_not(db: None) -> None:
    """Two users in two groups each are not the same as all in one."""

    def join(is_first: bool) -> None:
        """Put each user into a group of its own, but for later deliveries."""
        groups = [Group.objects.get_or_create(name=name)[0] for name in "ab"]
        for at, name in enumerate(("ann", "bob")):
            user, is_new = User.objects.get_or_create(username=name)
            if not is_new:
                user.groups.clear()
            user.groups.add(groups[at if is_new else 1 - at])

    with pytest.raises(NotIdempotentError, match=r"auth\.User_groups"):
        assert_idempotent(join, True)


def test_what_observe_returns_is_compared(db: None) -> None:
    """State that is no row counts as well; given puts it back."""
    sold: list[str] = []

    with pytest.raises(NotIdempotentError, match=r"observe\.value +\['x'\] +\['x', 'x'\]"):
        assert_idempotent(sold.append, "x", given=sold.clear, observe=lambda: sold)
    with pytest.raises(CannotTellError, match="let given= put back what observe= looks at"):
        assert_idempotent(sold.append, "x", observe=lambda: sold)


def test_effects_are_found_by_every_name_that_modules_know_them_by(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that was imported by name is replaced there, and is put back."""
    bell = SimpleNamespace(ring=lambda: None)
    monkeypatch.setitem(globals(), "ring_bell", bell.ring)

    def ring() -> None:
        globals()["ring_bell"]()

    for effect in (bell.ring, f"{__name__}.ring_bell"):
        with pytest.raises(NotIdempotentError, match="delivered twice"):
            assert_idempotent(ring, effects=[effect])
    assert globals()["ring_bell"] is bell.ring
