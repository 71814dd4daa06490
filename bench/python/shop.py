"""The data of the sessions, as in bench/src/shop.ts."""

from __future__ import annotations

import itertools
import json
from typing import Any

SIZES = {"300b": 300, "4kb": 4096, "64kb": 65536}
FIRST_USER = 100_000


def shop_session(n: int, size: str) -> dict[str, Any]:
    user = {"id": FIRST_USER + n, "name": "Ada Lovelace", "email": "ada@example.com", "roles": ["customer", "editor"]}
    session: dict[str, Any] = {"user": user, "cart": [], "page": page_of(n)}
    room = SIZES[size] - length_of(session)
    session["cart"] = [item_of(k) for k in range(round(room / (length_of(item_of(0)) + 1)))]
    return session


def item_of(n: int) -> dict[str, Any]:
    return {"sku": f"TEA-{1000 + n}", "count": 2, "price": 12.5}


def length_of(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def page_of(n: int) -> str:
    return f"/products/{n % 1_000_000:06}"


_writes = itertools.count(1)


def next_page() -> str:
    """Return the page that the next write stores."""
    return page_of(next(_writes))


def check_user(user: Any, n: int) -> None:
    if user["id"] != FIRST_USER + n:
        raise ValueError(f"session {n} came back with user {user['id']}")
