"""What tests do to a sidecar that lets them.

Each call blocks, on a connection of its own. It does not use grpc, because a process that has used grpc must not fork, as the
application under test may.
"""

from __future__ import annotations

import socket
from urllib.parse import unquote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset, TrailersReceived

from ..transport.address import TcpAddress, UnixAddress, parse_address

_SERVICE = "/session.testing.v1.TestControl"
# The time limit of each step of a call, in seconds.
_TIMEOUT = 10.0
_UNIMPLEMENTED = "12"


def call(address: str, method: str, request: bytes) -> bytes:
    """Make a unary gRPC call. Raises RuntimeError that says what failed."""
    parsed = parse_address(address)
    try:
        with _connect(parsed) as connection:
            status, message, reply = _exchange(connection, parsed, method, request)
    except OSError as cause:
        raise RuntimeError(f"The session sidecar at {address} does not answer: {cause}") from cause
    if status == _UNIMPLEMENTED:
        raise RuntimeError(
            f"The session sidecar at {address} does not let tests control it: it needs SESSION_SIDECAR_TEST_CONTROL=on, and a "
            "release with that setting"
        )
    if status != "0":
        raise RuntimeError(f"The session sidecar at {address} failed: {unquote(message) or status}")
    # A gRPC message follows a flag and its length.
    return reply[5:]


def _connect(address: TcpAddress | UnixAddress) -> socket.socket:
    if isinstance(address, TcpAddress):
        return socket.create_connection((address.host, address.port), _TIMEOUT)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_TIMEOUT)
    try:
        connection.connect(address.path)
    except OSError:
        connection.close()
        raise
    return connection


def _exchange(
    connection: socket.socket, address: TcpAddress | UnixAddress, method: str, request: bytes
) -> tuple[str, str, bytes]:
    """Return the gRPC status, its message and the reply."""
    protocol = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    protocol.initiate_connection()
    stream = protocol.get_next_available_stream_id()
    names = {":method": "POST", ":scheme": "http", ":path": f"{_SERVICE}/{method}", ":authority": address.authority}
    protocol.send_headers(stream, [*names.items(), ("content-type", "application/grpc"), ("te", "trailers")])
    protocol.send_data(stream, b"\0" + len(request).to_bytes(4, "big") + request, end_stream=True)
    headers: dict[str, str] = {}
    reply = b""
    while True:
        connection.sendall(protocol.data_to_send())
        received = connection.recv(65536)
        if not received:
            raise ConnectionResetError("it has closed the connection")
        for event in protocol.receive_data(received):
            if isinstance(event, (ResponseReceived, TrailersReceived)):
                headers.update({str(name): str(value) for name, value in event.headers or ()})
            elif isinstance(event, DataReceived):
                reply += event.data or b""
            elif isinstance(event, StreamReset):
                raise ConnectionResetError("it has reset the call")
            elif isinstance(event, StreamEnded):
                return headers.get("grpc-status", ""), headers.get("grpc-message", ""), reply
