"""The dictionary that a session is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, NoReturn, TypeVar

from .session_data import SessionData

_Self = TypeVar("_Self", bound="SessionMapping")


class _Keys(KeysView[str]):
    def __init__(self, session: SessionMapping) -> None:
        super().__init__(session)
        self._session = session

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._session)


class _Values(ValuesView[Any]):
    def __init__(self, session: SessionMapping) -> None:
        super().__init__(session)
        self._session = session

    def __reversed__(self) -> Iterator[Any]:
        return (self._session[key] for key in reversed(self._session))


class _Items(ItemsView[str, Any]):
    def __init__(self, session: SessionMapping) -> None:
        super().__init__(session)
        self._session = session

    def __reversed__(self) -> Iterator[tuple[str, Any]]:
        return ((key, self._session[key]) for key in reversed(self._session))


class SessionMapping(MutableMapping[str, Any]):
    """Everything that a dict has. Keys have the order in which they were first written, by any client."""

    _data: SessionData

    @property
    @abstractmethod
    def _is_stored(self) -> bool: ...

    def __getitem__(self, key: str) -> Any:
        return self._data.get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._data.set(key, value)

    def __delitem__(self, key: str) -> None:
        self._data.delete(key)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def keys(self) -> KeysView[str]:
        return _Keys(self)

    def values(self) -> ValuesView[Any]:
        return _Values(self)

    def items(self) -> ItemsView[str, Any]:
        return _Items(self)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value at a key. If the key does not exist, set it to default first.

        If another request stores a value for the key before save(), that value stays, and the key has it after save().
        """
        if key not in self:
            self._data.set_default(key, default)
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Remove the last key and return it with its value. Raises KeyError if the session is empty."""
        for key in reversed(self):
            return key, self.pop(key)
        raise KeyError("The session is empty.")

    def clear(self) -> None:
        """Remove all keys, including those that other requests add before save(). Keeps messages, CSRF token and subject."""
        self._data.clear(self._is_stored)

    def update(self, other: Any = (), /, **values: Any) -> None:
        """Set the values of a mapping, or of an iterable of pairs. If one of them is refused, none is set."""
        self._data.update(dict(other, **values).items())

    def copy(self) -> dict[str, Any]:
        """Return a dictionary with all keys and the same values. Adding and removing keys does not change the session."""
        return dict(self)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self} if isinstance(other, Mapping) else NotImplemented

    def __ior__(self: _Self, other: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> _Self:
        self.update(other)
        return self

    @classmethod
    def fromkeys(cls, *_: Any) -> NoReturn:
        """Raise TypeError: only a client makes sessions."""
        raise TypeError("Expected a client to make the session. Use: session.update(dict.fromkeys(keys, value))")
