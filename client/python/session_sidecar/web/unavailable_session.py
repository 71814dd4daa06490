"""What stands for a session that could not be loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..base_session import BaseSession
from ..errors import SessionError

# Methods that change something, and the one whose answer would blame the visitor.
_REFUSED = (
    *("__delitem__", "__ior__", "__setitem__", "check_csrf_token", "clear", "csrf_token", "flash", "new_csrf_token", "pop"),
    *("pop_flash_and_save", "popitem", "regenerate", "save", "set_idle_timeout", "setdefault", "transform", "update"),
)
# What tells who the visitor is. The other members, such as `handle`, are for logs.
_PROPERTIES = ("flash_queues", "idle_timeout", "is_new", "label", "origin", "state", "subject")
_READ = (
    *("__contains__", "__eq__", "__getitem__", "__iter__", "__len__", "__or__", "__reversed__", "__ror__", "copy"),
    *("get", "items", "keys", "peek_flash", "pop_flash", "values"),
)


def make_unavailable(session: BaseSession, error: SessionError, *, is_reported: bool, end: Callable[[], Any]) -> None:
    """Make a new session stand for one that could not be loaded.

    Writing raises the error, because a write would be lost or, worse, start another session for the visitor. So does checking a
    CSRF token, because the right one is unknown. So does the first use for reading, unless the error is reported, because the
    visitor must not be mistaken for a new one; after that, it reads as empty, for error pages.

    is_reported: whether the application knows of the error.
    end: what invalidate() does; it should call make_available().
    """
    session.__dict__["_unavailable"] = {"error": error, "is_reported": is_reported, "end": end}
    session.__class__ = _unavailable_kind(type(session))


def make_available(session: BaseSession) -> None:
    """Make the session an ordinary new one."""
    session.__class__ = type(session).__mro__[1]


@cache
def _unavailable_kind(kind: type[BaseSession]) -> type[BaseSession]:
    """Return a subclass whose methods raise the error."""
    members: dict[str, Any] = {name: _refusing(kind, name) for name in _REFUSED}
    members |= {name: _refusing(kind, name, after=False) for name in _READ}
    members["invalidate"] = lambda self: self.__dict__["_unavailable"]["end"]()
    for name in _PROPERTIES:
        members[name] = property(_refusing(kind, name, after=False), _refusing(kind, name))
    return type(f"Unavailable{kind.__name__}", (kind,), members)


def _refusing(kind: type[BaseSession], name: str, after: bool = True) -> Callable[..., Any]:
    """Return a method that raises the error.

    after: whether it does so after the application was told of the error, too.
    """

    def method(self: BaseSession, *args: Any, **kwargs: Any) -> Any:
        facts = self.__dict__["_unavailable"]
        if after or not facts["is_reported"]:
            facts["is_reported"] = True
            # Without it, each use would lengthen the traceback.
            raise facts["error"].with_traceback(None)
        found: Any = getattr(kind, name, None)
        if found is None:
            return self.__dict__[name]
        return found.__get__(self) if isinstance(found, property) else found(self, *args, **kwargs)

    return method
