"""Effects outside the database: the calls that a user names.

Each is a point at which a delivery may be killed, and each is part of the state that is compared.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import pkgutil
import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

from properties.idempotency import lives
from properties.idempotency.errors import CannotTellError
from properties.idempotency.facts import plain_fact
from properties.idempotency.lives import Done, Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from properties.idempotency.facts import Fact

Place = tuple[Any, str]
"""An object, and the attribute of it that holds the effect."""


@contextlib.contextmanager
def watched(effects: Sequence[Any]) -> Iterator[None]:
    """Make each of these callables an effect, wherever it is called from."""
    with contextlib.ExitStack() as stack:
        for effect in effects:
            for owner, attribute in _places(effect):
                wrapper = _wrapper(owner, attribute, _name(effect))
                stack.enter_context(mock.patch.object(owner, attribute, wrapper))
        yield


def _places(effect: Any) -> list[Place]:
    if isinstance(effect, str):
        owner, _, attribute = effect.rpartition(".")
        return [(_resolved(effect, owner, attribute), attribute)]
    if getattr(effect, "__self__", None) is not None and not inspect.isbuiltin(effect):
        return [(effect.__self__, effect.__name__)]
    class_name = getattr(effect, "__qualname__", "").rpartition(".")[0]
    if class_name and "<locals>" not in class_name:
        return [(pkgutil.resolve_name(f"{effect.__module__}:{class_name}"), effect.__name__)]
    if places := _names_in_modules(effect):
        return places
    raise CannotTellError(
        f"The effect {effect!r} is found in no module: name it by the path that the task calls it "
        'by, as in effects=["shop.tasks.gateway.charge"].'
    )


def _resolved(path: str, owner: str, attribute: str) -> Any:
    try:
        found = pkgutil.resolve_name(owner)
        getattr(found, attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise CannotTellError(
            f'There is no effect {path!r} ({error}): name it by a path, as "shop.gateway.charge".'
        ) from None
    return found


def _names_in_modules(effect: Any) -> list[Place]:
    """Return every name that the modules know it by: ``from gateway import charge`` makes one."""
    return [
        (module, name)
        for module in list(sys.modules.values())
        for name, value in list(getattr(module, "__dict__", {}).items())
        if value is effect
    ]


def _name(effect: Any) -> str:
    if isinstance(effect, str):
        return ".".join(effect.split(".")[-2:])
    return str(getattr(effect, "__qualname__", None) or getattr(effect, "_mock_name", effect))


def _wrapper(owner: Any, attribute: str, name: str) -> Any:
    original = getattr(owner, attribute)
    is_on_class = inspect.isclass(owner)
    is_method = is_on_class and inspect.isfunction(inspect.getattr_static(owner, attribute))

    @functools.wraps(original, updated=())
    def effect(*args: Any, **kwargs: Any) -> Any:
        life = lives.current()
        if life is None:
            return original(*args, **kwargs)
        with life.effect(f"the call of {name}"):
            result = original(*args, **kwargs)
            told = args[1:] if is_method else args
            life.done.append(
                Done(
                    what=name,
                    call=call_text(told, kwargs),
                    is_keyed=_has_key(original, args, kwargs),
                )
            )
            return result

    return staticmethod(effect) if is_on_class and not is_method else effect


def _has_key(original: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the other side can tell that it had this call already."""
    try:
        arguments = inspect.signature(original).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        arguments = kwargs
    return {**arguments, **kwargs}.get("idempotency_key") is not None


def call_text(args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """Return arguments as they are written in a call."""
    named = (f"{name}={_text(value)}" for name, value in kwargs.items())
    return ", ".join([*map(_text, args), *named])


def _text(value: Any) -> str:
    from django.db.models import Model

    return f"<{value._meta.label}>" if isinstance(value, Model) else repr(value)


def effects_of(done: Iterable[Life]) -> Iterator[Fact]:
    """Give what these deliveries did outside the database; twice with one key is once."""
    seen = set()
    for effect in (effect for life in done for effect in life.done):
        if not (effect.is_keyed and effect in seen):
            seen.add(effect)
            yield plain_fact("effect", {"what": effect.what, "call": effect.call})
