"""The sidecar through its Python client."""

from __future__ import annotations

from typing import Any

from session_sidecar import SessionClient
from shop import check_user, next_page


class SidecarSide:
    def __init__(self, address: str) -> None:
        # The timeout is so long that a machine that stalls shows in the latencies and not as failed calls.
        self._client = SessionClient(address, timeout=10)

    def create(self, values: dict[str, Any]) -> str:
        session = self._client.create()
        session.update(values)
        session.save()
        return str(session.token)

    def _open(self, token: str, n: int) -> Any:
        session = self._client.open(token)
        check_user(session["user"], n)
        return session

    def read(self, id: str, n: int) -> None:
        self._open(id, n)

    def write(self, id: str, n: int) -> None:
        session = self._open(id, n)
        session["page"] = next_page()
        session.save()

    def close(self) -> None:
        self._client.close()


def start(target: dict[str, Any]) -> SidecarSide:
    return SidecarSide(target["address"])
