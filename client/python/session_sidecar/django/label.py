"""What describes a session to its owner."""

from __future__ import annotations

from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Session

from ..names import check_name


class Label:
    """The label of a session, as stored and as assigned since."""

    def __init__(self) -> None:
        self._stored = ""
        # None: unchanged. The empty string: none from now on.
        self._assigned: str | None = None

    @property
    def text(self) -> str | None:
        """The label, as assigned even if that is not saved yet. None: nothing."""
        return (self._stored if self._assigned is None else self._assigned) or None

    def assign(self, text: str | None) -> None:
        """Set the label. Raises TypeError or ValueError for one that the sidecar would reject."""
        if text is not None:
            check_name(text, "the label", min_bytes=0)
        self._assigned = text or ""

    def load(self, found: Session | None) -> None:
        """Begin with that of a session. What is assigned stays: it describes the visitor of the request, whatever the session."""
        self._stored = "" if found is None else found.label

    def option(self, *, is_new: bool = False) -> dict[str, Any]:
        """Return the keyword arguments with which a call stores what was assigned. Empty: nothing is to be stored."""
        if self._assigned is None or (is_new and not self._assigned):
            return {}
        return {"label": self._assigned}

    def settle(self) -> None:
        """The assignment was stored."""
        if self._assigned is not None:
            self._stored, self._assigned = self._assigned, None
