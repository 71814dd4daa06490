"""What stands for the values of a session whose record the sidecar cannot read."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, NoReturn

from django.contrib.auth import SESSION_KEY as USER_ID

from ..errors import SessionError


class UnreadableValues(MutableMapping[str, Any]):
    """Raises the error at every use, because the visitor must not be mistaken for a new one.

    Only the id of the logged-in user reads as absent: logout() looks it up before it ends the session, which must work.
    """

    def __init__(self, error: SessionError) -> None:
        self._error = error

    def __getitem__(self, key: str) -> Any:
        if key == USER_ID:
            raise KeyError(key)
        self._fail()

    def __setitem__(self, key: str, value: Any) -> None:
        self._fail()

    def __delitem__(self, key: str) -> None:
        self._fail()

    def __iter__(self) -> Iterator[str]:
        self._fail()

    def __len__(self) -> int:
        self._fail()

    def _fail(self) -> NoReturn:
        # Without it, each use would lengthen the traceback.
        raise self._error.with_traceback(None)
