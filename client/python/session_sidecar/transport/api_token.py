"""The API token, for a sidecar that requires one."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable

_VISIBLE_ASCII = re.compile(r"[!-~]+")

Metadata = tuple[tuple[str, str], ...]


def metadata_of(token: str | None, file: str | os.PathLike[str] | None) -> Callable[[], Metadata]:
    """Returns a function that gives the metadata of each call: none, a token, or the current token of a file.

    Raises ValueError for a token that is not visible ASCII, and if both a token and a file are given.
    """
    if token is not None and file is not None:
        raise ValueError("Expected api_token or api_token_file, got both")
    if file is not None:
        return _TokenFile(os.fspath(file))
    metadata = () if token is None else _header(token)
    return lambda: metadata


def _header(token: str) -> Metadata:
    if not _VISIBLE_ASCII.fullmatch(token):
        raise ValueError("Expected the API token to be visible ASCII characters")
    return (("authorization", f"Bearer {token}"),)


class _TokenFile:
    """Reads the file again when it has changed. While it cannot be read, the last token is used."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version: tuple[int, ...] | None = None
        self._metadata: Metadata = ()

    def __call__(self) -> Metadata:
        with self._lock:
            try:
                stat = os.stat(self._path)
                version = (stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size)
                if version != self._version:
                    with open(self._path, encoding="ascii", errors="replace") as file:
                        self._metadata = _header(file.read().strip())
                    self._version = version
            except (OSError, ValueError):
                if self._version is None:
                    raise
            return self._metadata
