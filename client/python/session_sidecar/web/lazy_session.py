"""A session that is loaded at its first use, for frameworks that hand it out before."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from datetime import datetime, timedelta
from typing import Any, Literal

from ..base_session import OnConflict
from ..session import Session
from .csrf_token import is_csrf_token, mask_token


class LazySession(MutableMapping[str, Any]):
    """The session of a request, loaded when the application first uses it. It has what a Session has.

    load: loads the session, as RequestSession.load() does.
    """

    def __init__(self, load: Callable[[], Session]) -> None:
        self._load = load

    @property
    def loaded(self) -> Session:
        """The session itself. Loads it at the first use."""
        return self._load()

    def __getitem__(self, key: str) -> Any:
        return self.loaded[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.loaded[key] = value

    def __delitem__(self, key: str) -> None:
        del self.loaded[key]

    def __contains__(self, key: object) -> bool:
        return key in self.loaded

    def __iter__(self) -> Iterator[str]:
        return iter(self.loaded)

    def __len__(self) -> int:
        return len(self.loaded)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self.loaded)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return self.loaded | other

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return self.loaded.__ror__(other)

    def __ior__(self, other: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Any:
        self.update(other)
        return self

    def keys(self) -> KeysView[str]:
        return self.loaded.keys()

    def values(self) -> ValuesView[Any]:
        return self.loaded.values()

    def items(self) -> ItemsView[str, Any]:
        return self.loaded.items()

    def copy(self) -> dict[str, Any]:
        """As Session.copy()."""
        return self.loaded.copy()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As Session.setdefault()."""
        return self.loaded.setdefault(key, default)

    def popitem(self) -> tuple[str, Any]:
        """As Session.popitem()."""
        return self.loaded.popitem()

    def update(self, other: Any = (), /, **values: Any) -> None:
        """As Session.update(): if one of the values is refused, none is set."""
        self.loaded.update(other, **values)

    def clear(self) -> None:
        """As Session.clear()."""
        self.loaded.clear()

    @property
    def is_new(self) -> bool:
        """As Session.is_new."""
        return self.loaded.is_new

    @property
    def origin(self) -> str:
        """As Session.origin."""
        return self.loaded.origin

    @property
    def token(self) -> str | None:
        """As Session.token."""
        return self.loaded.token

    @property
    def version(self) -> int:
        """As Session.version."""
        return self.loaded.version

    @property
    def has_changes(self) -> bool:
        """As Session.has_changes."""
        return self.loaded.has_changes

    @property
    def state(self) -> Literal["new", "stored", "invalidated"]:
        """As Session.state."""
        return self.loaded.state

    @property
    def handle(self) -> str | None:
        """As Session.handle."""
        return self.loaded.handle

    @property
    def created(self) -> datetime | None:
        """As Session.created."""
        return self.loaded.created

    @property
    def expires(self) -> datetime | None:
        """As Session.expires."""
        return self.loaded.expires

    @property
    def subject(self) -> str | None:
        """As Session.subject."""
        return self.loaded.subject

    @subject.setter
    def subject(self, subject: str | None) -> None:
        self.loaded.subject = subject

    @property
    def fence(self) -> int | None:
        """As Session.fence."""
        return self.loaded.fence

    @property
    def label(self) -> str | None:
        """As Session.label."""
        return self.loaded.label

    @label.setter
    def label(self, label: str | None) -> None:
        self.loaded.label = label

    @property
    def idle_timeout(self) -> timedelta | None:
        """As Session.idle_timeout."""
        return self.loaded.idle_timeout

    @idle_timeout.setter
    def idle_timeout(self, timeout: timedelta | None) -> None:
        self.loaded.idle_timeout = timeout

    def set_idle_timeout(self, timeout: timedelta | None) -> None:
        """As Session.set_idle_timeout()."""
        self.loaded.set_idle_timeout(timeout)

    def save(self, *, on_conflict: OnConflict = "merge") -> None:
        """As Session.save(). The framework saves by itself before the headers of the response are sent."""
        self.loaded.save(on_conflict=on_conflict)

    def regenerate(self, *, or_create: bool = False, grace: float | None = None) -> None:
        """As Session.regenerate()."""
        self.loaded.regenerate(or_create=or_create, grace=grace)

    def invalidate(self) -> None:
        """As Session.invalidate()."""
        self.loaded.invalidate()

    def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """As Session.transform()."""
        return self.loaded.transform(key, change)

    def flash(self, message: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        """As Session.flash()."""
        self.loaded.flash(message, queue, allow_duplicate)

    @property
    def flash_queues(self) -> tuple[str, ...]:
        """As Session.flash_queues."""
        return self.loaded.flash_queues

    def peek_flash(self, queue: str = "") -> list[Any]:
        """As Session.peek_flash()."""
        return self.loaded.peek_flash(queue)

    def pop_flash(self, queue: str = "") -> list[Any]:
        """As Session.pop_flash()."""
        return self.loaded.pop_flash(queue)

    def pop_flash_and_save(self, queue: str = "") -> list[Any]:
        """As Session.pop_flash_and_save()."""
        return self.loaded.pop_flash_and_save(queue)

    def csrf_token(self) -> str:
        """As Session.csrf_token(), masked: each call returns another text, and all of them are accepted by the check of forms."""
        return mask_token(self.loaded.csrf_token())

    def new_csrf_token(self) -> str:
        """As Session.new_csrf_token(), masked."""
        return mask_token(self.loaded.new_csrf_token())

    def check_csrf_token(self, token: str | None) -> bool:
        """As Session.check_csrf_token(), for a token that may be masked."""
        return is_csrf_token(self.loaded, token or "")

    def __repr__(self) -> str:
        # Values are private, and reading them would load the session.
        return f"<{type(self).__name__}>"
