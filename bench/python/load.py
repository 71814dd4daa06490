"""A load process of the benchmark: the application of one side, in Python.

It reads commands from standard input and writes answers to standard output, one JSON text per line. bench/src/load-protocol.ts
has their types.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from closed_loop import run_all, run_round, session_of
from shop import shop_session
from sides import Side, start_side


class Load:
    """The application of one side, with its sessions."""

    side: Side
    ids: list[str]
    operations = 0

    def start(self, side: str, target: dict[str, Any]) -> None:
        self.side = start_side(side, target)

    def fill(self, count: int, size: str) -> None:
        ids = [""] * count

        def create(n: int) -> None:
            ids[n] = self.side.create(shop_session(n, size))

        run_all(count, create)
        self.ids = ids

    def round(self, **options: Any) -> dict[str, Any]:
        def operation(i: int, is_write: bool) -> None:
            n = session_of(i, len(self.ids))
            (self.side.write if is_write else self.side.read)(self.ids[n], n)

        outcome = run_round(options, self.operations, operation)
        self.operations += outcome["operations"] + outcome["failed"]
        return outcome

    def close(self) -> None:
        self.side.close()


def main() -> None:
    load = Load()
    commands: dict[str, Callable[..., Any]] = {
        "start": load.start,
        "fill": load.fill,
        "round": load.round,
        "close": load.close,
    }
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = {"answer": commands[request["command"]](**request["options"])}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
