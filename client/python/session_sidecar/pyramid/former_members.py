"""Members that applications know from the session objects of pyramid_redis_sessions and pyramid_session_redis."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..base_session import OnConflict

_RECORD = "the record belongs to the sidecar"
_NO_REDIS = "the application has no Redis client"
_CODEC = "the codec of the SessionClient encodes each value"
_NO_END = "a session has no end of its own: use adjust_timeout_for_session(), or SESSION_SIDECAR_MAX_LIFETIME of the sidecar"

# By name: why a member is not there, or what there is in its stead.
FORMER_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "redis": _NO_REDIS,
        "serialize": _CODEC,
        "deserialize": _CODEC,
        "to_redis": _RECORD,
        "from_redis": _RECORD,
        "new_session": "the sidecar creates sessions",
        "new_payload": _RECORD,
        "encode_session_payload": _RECORD,
        "decode_session_payload": _RECORD,
        "timestamp": "the clock of the store decides",
        "do_refresh": "opening a session has extended it already; use adjust_timeout_for_session() for another timeout",
        "adjust_session_expires": _NO_END,
        "adjust_expires_for_session": _NO_END,
    }
)


class FormerMembers:
    """The members that can be offered. The others raise an AttributeError that says why."""

    if TYPE_CHECKING:
        # Of PyramidSession.
        def __contains__(self, key: object) -> bool: ...
        def __len__(self) -> int: ...
        def keys(self) -> KeysView[str]: ...
        def values(self) -> ValuesView[Any]: ...
        def items(self) -> ItemsView[str, Any]: ...
        def save(self, *, on_conflict: OnConflict = "merge") -> None: ...
        def get_csrf_token(self) -> str: ...
        @property
        def handle(self) -> str | None: ...

    @property
    def session_id(self) -> str | None:
        """The session's public id, which is safe to log. None unless the session is stored; reading it stores nothing."""
        return self.handle

    @property
    def session_id_safecheck(self) -> str | None:
        """The id of a session that has content, which is stored now if it was not. None: there is no content."""
        return self.ensure_id() if len(self) else None

    def ensure_id(self) -> str | None:
        """Store the session now, unless it is stored, and return its id."""
        self.get_csrf_token()
        return self.handle

    @property
    def managed_dict(self) -> Any:
        """The session itself, which is a dictionary."""
        return self

    def do_persist(self) -> None:
        """Store what was written now."""
        self.save()

    def has_key(self, key: str) -> bool:
        return key in self

    def iterkeys(self) -> KeysView[str]:
        return self.keys()

    def itervalues(self) -> ValuesView[Any]:
        return self.values()

    def iteritems(self) -> ItemsView[str, Any]:
        return self.items()

    if not TYPE_CHECKING:
        # Type checkers would take it for a sign that every member exists.
        def __getattr__(self, name):
            reason = FORMER_MEMBERS.get(name)
            raise AttributeError(f"The session has no {name!r}" + (f": {reason}" if reason else ""))
