"""The address of the sidecar."""

from __future__ import annotations

import re
from typing import NamedTuple

_TCP = re.compile(r"(?:\[(?P<v6>[^\]/]+)\]|(?P<host>[^/:\[\]]+)):(?P<port>[0-9]{1,5})")
_UNIX = re.compile(r"unix:(?://(?=/))?(?P<path>.+)")


class TcpAddress(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return self.authority

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class UnixAddress(NamedTuple):
    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"

    @property
    def authority(self) -> str:
        return "localhost"


def parse_address(address: str) -> TcpAddress | UnixAddress:
    """Return the parsed address. Raises ValueError unless it is "host:port" or "unix:/path"."""
    if unix := _UNIX.fullmatch(address):
        return UnixAddress(unix["path"])
    if (tcp := _TCP.fullmatch(address)) and int(tcp["port"]) < 65536:
        return TcpAddress(tcp["v6"] or tcp["host"], int(tcp["port"]))
    raise ValueError(f'Expected the address to be "host:port" or "unix:/path", got {address!r}')
