"""A load of calls of every kind, with the client's default timeout."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from modes import connect
from session_sidecar import SessionError


class Load:
    def __init__(self, mode: str, address: str, workers: int) -> None:
        self._client = connect(mode, address)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._calls = 0
        self._failures: Counter[str] = Counter()
        self._messages: list[str] = []
        self._longest = 0.0
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()

    def stop(self) -> dict[str, Any]:
        self._stopped.set()
        for worker in self._workers:
            worker.join()
        self._client.close()
        return self.report()

    def report(self) -> dict[str, Any]:
        with self._lock:
            longest = round(self._longest * 1000)
            return {
                "calls": self._calls,
                "failures": dict(self._failures),
                "messages": list(self._messages),
                "longestMs": longest,
            }

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self._visit()
            except SessionError:
                pass  # _call() has counted it. The next visit uses a new session.

    def _visit(self) -> None:
        """Use one session from its creation to its end, or until a call fails."""
        session = self._client.create()
        for turn in range(20):
            if self._stopped.is_set():
                return
            session["turn"] = turn
            session.flash(turn)
            self._call("save", session.save)
            session = self._call("open", partial(self._client.open, session.token))
            self._expect("turn", session.get("turn"), turn)
            self._expect("messages", self._call("popFlash", session.pop_flash), [turn])
            self._call("regenerate", session.regenerate)
            self._call("newCsrfToken", session.new_csrf_token)
        self._call("invalidate", session.invalidate)

    def _expect(self, what: str, found: Any, saved: Any) -> None:
        if found != saved:
            self._count(f"LOST {what}", f"found {found}, saved {saved}")

    def _call(self, name: str, make: Callable[[], Any]) -> Any:
        begun = time.monotonic()
        try:
            return make()
        except SessionError as error:
            self._count(f"{name} {error.code}", f"{name} after {round((time.monotonic() - begun) * 1000)} ms: {error}")
            raise
        finally:
            with self._lock:
                self._calls += 1
                self._longest = max(self._longest, time.monotonic() - begun)

    def _count(self, failure: str, message: str) -> None:
        with self._lock:
            self._failures[failure] += 1
            if len(self._messages) < 20:
                self._messages.append(message)
