"""Sockets of a pipeline for threads."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ..address import TcpAddress, UnixAddress
from .connection import Connection

# The time limit of one attempt to connect, in seconds.
_CONNECT_TIMEOUT = 0.5


def connect(address: TcpAddress | UnixAddress) -> socket.socket:
    """Return a socket that is connected and does not block. Raises OSError, or UnicodeError for an invalid name."""
    if isinstance(address, TcpAddress):
        connected = socket.create_connection(address, timeout=_CONNECT_TIMEOUT)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(_CONNECT_TIMEOUT)
        try:
            connected.connect(address.path)
        except OSError:
            connected.close()
            raise
    connected.setblocking(False)
    return connected


class SocketWire:
    """A connected socket. Any thread writes to it. Only the reading thread closes it, so no descriptor is closed while in use."""

    def __init__(self, connected: socket.socket, connection: Connection, wake: Callable[[], None]) -> None:
        self.socket = connected
        self.connection = connection
        self.is_closing = False
        self.waits_for_room = False
        self._unsent = bytearray()
        self._wake = wake

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def write(self, data: bytes) -> None:
        if self._unsent:
            self._unsent += data
            return
        sent = self._try(data)
        if sent < len(data):
            self._unsent += data[sent:]
            self._wake()

    def write_on(self) -> None:
        del self._unsent[: self._try(self._unsent)]

    def close(self) -> None:
        self.is_closing = True
        self._wake()

    def _try(self, data: bytes | bytearray) -> int:
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)  # The reading thread gets the error too, and ends the connection.
