"""The API token, for a sidecar that requires one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

_VISIBLE_ASCII = re.compile(r"[!-~]+")

Metadata = tuple[tuple[str, str], ...]


def metadata_of(token: str | None, file: str | os.PathLike[str] | None) -> Callable[[], Metadata]:
    """Return a function that returns the metadata of each call: none, the token, or the current token in the file.

    Raises ValueError if the token is not visible ASCII, or if both a token and a file are given. The function raises OSError or
    ValueError if the file never had a valid token.
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
    """Reads the file again when it has changed. While it has no valid token, the last one is used.

    There is no lock: a process that is forked while a thread holds it could not read the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # The version of the file that was last read, and its token as metadata, in one tuple so that threads see them together.
        self._last: tuple[tuple[int, ...], Metadata] | None = None

    def __call__(self) -> Metadata:
        last = self._last
        try:
            stat = os.stat(self._path)
            version = (stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if last is None or last[0] != version:
                with open(self._path, encoding="ascii", errors="replace") as file:
                    last = self._last = (version, _header(file.read().strip()))
            return last[1]
        except (OSError, ValueError):
            if last is None:
                raise
            return last[1]
