"""What a program in strict mode knows of the package's types. Only checked, never run."""
# pyright: strict

from __future__ import annotations

from collections.abc import ItemsView
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from session_sidecar import (
    AsyncSession,
    AsyncSessionClient,
    CacheStats,
    Codec,
    Session,
    SessionClient,
    SessionError,
    TaggedJsonCodec,
    TaggedType,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type


class Own:
    def encode(self, value: Any) -> bytes:
        return b"1"

    def decode(self, data: bytes) -> Any:
        return data


def use_client(token: str | None) -> None:
    day = TaggedType("day", date, lambda value: value.isoformat(), date.fromisoformat)
    codecs: list[Codec] = [Own(), TaggedJsonCodec(), TaggedJsonCodec(day)]
    with SessionClient("localhost:50051", timeout=1, cache_bytes=1 << 20, codec=codecs[0]) as client:
        assert_type(client, SessionClient)
        assert_type(client.open(token), Session)
        assert_type(client.open(["one", "two"]), Session)
        assert_type(client.open_by_id("id"), Session)
        assert_type(client.cache_stats, CacheStats)
        use(client.create(id="id"))


def use(session: Session) -> None:
    session["key"] = {"any": ["value"]}
    assert_type(session.copy(), dict[str, Any])
    assert_type(session | {"key": 1}, dict[str, Any])
    assert_type({"key": 1} | session, dict[str, Any])
    session |= {"key": 1}
    assert_type(session, Session)
    assert_type(next(reversed(session)), str)
    assert_type(session.items(), ItemsView[str, Any])
    session.update({"key": 1}, other=2)
    session.update([("key", 1)])
    assert_type(session.popitem(), tuple[str, Any])
    assert_type(session.state, Literal["new", "stored", "invalidated"])
    assert_type(session.idle_timeout, timedelta | None)
    session.idle_timeout = timedelta(minutes=5)
    assert_type(session.subject, str | None)
    assert_type(session.expires, datetime | None)
    assert_type(session.version, int)
    assert_type(session.has_changes, bool)
    assert_type(session.flash_queues, tuple[str, ...])
    assert_type(session.pop_flash_and_save(), list[Any])
    assert_type(session.csrf_token(), str)
    assert_type(session.check_csrf_token(None), bool)
    try:
        session.save()
    except SessionError as error:
        assert_type(error.status, int)
        assert_type(error.metadata, dict[str, str])
        assert_type(error.retry_after, float | None)
        if error.code == "VERSION_MISMATCH":
            raise


async def use_async(token: str | None) -> None:
    async with AsyncSessionClient("localhost:50051") as client:
        session = await client.open(token)
        assert_type(session, AsyncSession)
        assert_type(await session.pop_flash(), list[Any])
        assert_type(await session.transform("key", lambda value: value), Any)
        assert_type(await (await client.open_by_id("id")).csrf_token(), str)
        await session.save()
