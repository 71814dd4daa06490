"""An HTTP/2 connection with one gRPC stream on it: bytes in, bytes out.

This module knows nothing of sockets, threads and event loops. It writes and reads DATA frames itself, which are most of the
traffic, because h2 takes several times as long. h2 does everything else, including flow control, of which this module informs it.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Protocol
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset, TrailersReceived
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from hpack import HeaderTuple
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import Frame, GoAwayFrame
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..api_token import Metadata

# The flow-control window: how many bytes the sidecar may send before the client has read them.
_WINDOW = 4 * 1024 * 1024
_FRAME_HEADER = 9
_MESSAGE_HEADER = 5
_DATA, _GOAWAY, _WINDOW_UPDATE = 0, 7, 8
# The gRPC statuses of HTTP responses that do not come from a gRPC server.
_BY_HTTP_STATUS = {
    "400": grpc.StatusCode.INTERNAL,
    "401": grpc.StatusCode.UNAUTHENTICATED,
    "403": grpc.StatusCode.PERMISSION_DENIED,
    "404": grpc.StatusCode.UNIMPLEMENTED,
    **dict.fromkeys(("429", "502", "503", "504"), grpc.StatusCode.UNAVAILABLE),
}

_SERVICE = api.DESCRIPTOR.services_by_name["SessionService"]
_PATH = f"/{_SERVICE.full_name}/Pipeline"
_STATUS_CODES: dict[int | None, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def status_code(number: int | None) -> grpc.StatusCode:
    return _STATUS_CODES.get(number, grpc.StatusCode.UNKNOWN)


class StreamStatus(Exception):
    """How a stream has ended. Even the code OK is an error, because only the client ends streams."""

    def __init__(self, code: grpc.StatusCode, message: str, details: Iterable[object] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = list(details)


class StreamListener(Protocol):
    """The events of a stream. on_end() is the last one."""

    def on_open(self) -> None:
        """The sidecar has accepted the stream."""

    def on_message(self, message: bytes) -> None: ...

    def on_goaway(self) -> None:
        """The sidecar accepts no further stream on this connection, and will finish this one."""

    def on_end(self, status: StreamStatus) -> None: ...


class Http2Stream:
    """The client's side of a stream. After every other method, call output() and send what it returns."""

    def __init__(self, authority: str, metadata: Metadata, listener: StreamListener) -> None:
        self._listener = listener
        self._received = bytearray()
        self._message_bytes = bytearray()
        self._unsent = bytearray()
        self._output = bytearray()
        # The bytes received since the last WINDOW_UPDATE.
        self._taken = 0
        self._is_open = False
        self._trailers: dict[str, str] = {}
        self._has_ended = False
        # Both ends are gRPC libraries, so validating headers would only cost time.
        configuration = H2Configuration(
            header_encoding="utf-8",
            validate_inbound_headers=False,
            validate_outbound_headers=False,
            normalize_inbound_headers=False,
            normalize_outbound_headers=False,
        )
        self._h2 = H2Connection(configuration)
        window = {SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW}
        self._h2.local_settings = Settings(client=True, initial_values=window)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW - 65535)
        self._id = self._h2.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":path", _PATH), (":authority", authority)]
        headers += [("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", "session-sidecar-python")]
        self._h2.send_headers(self._id, [HeaderTuple(*header) for header in (*headers, *metadata)])
        self._sender = self._h2.streams[self._id]
        # The header of a DATA frame without flags, after its size.
        self._data_header = _frame_header(_DATA, self._id)

    def output(self) -> bytes:
        """Take the bytes to send."""
        # Only the frames that open the stream must precede DATA frames, and they left before the sidecar accepted the stream.
        data = self._h2.data_to_send()
        if self._output:
            data = bytes(self._output) + data
            self._output.clear()
        return data

    @property
    def has_room(self) -> bool:
        """Whether everything was sent. False while the sidecar reads more slowly than the client sends."""
        return not self._unsent

    def send(self, message: bytes) -> None:
        self._unsent += b"\0" + len(message).to_bytes(4, "big")
        self._unsent += message
        self._send_what_fits()

    def ping(self) -> None:
        self._h2.ping(b"liveness")

    def end(self) -> None:
        """Half-close the stream. The sidecar still answers the calls that it has."""
        self._unsent.clear()
        self._h2.end_stream(self._id)

    def receive(self, data: bytes) -> None:
        self._received += data
        try:
            for frame in self._frames():
                if self._has_ended:
                    return
                if frame[3:_FRAME_HEADER] == self._data_header and self._is_open:
                    self._receive_data(frame)
                elif frame[3] == _GOAWAY:
                    # After a GOAWAY, h2 would reject the frames with which the sidecar finishes its calls.
                    self._receive_goaway(frame)
                else:
                    for event in self._h2.receive_data(frame):
                        self._handle(event)
        except (H2Error, HyperframeError) as cause:
            self.fail(StreamStatus(grpc.StatusCode.UNAVAILABLE, f"this is not a gRPC server: {cause}"))

    def fail(self, status: StreamStatus) -> None:
        """End the stream with a status, unless it has ended."""
        if not self._has_ended:
            self._has_ended = True
            self._listener.on_end(status)

    def _frames(self) -> Iterator[bytes]:
        while len(self._received) >= _FRAME_HEADER:
            size = _FRAME_HEADER + int.from_bytes(self._received[:3], "big")
            if size > _FRAME_HEADER + self._h2.max_inbound_frame_size:
                raise HyperframeError("it does not speak HTTP/2")
            if len(self._received) < size:
                return
            frame = bytes(self._received[:size])
            del self._received[:size]
            yield frame

    def _receive_goaway(self, data: bytes) -> None:
        frame, _ = Frame.parse_frame_header(memoryview(data[:_FRAME_HEADER]))
        frame.parse_body(memoryview(data[_FRAME_HEADER:]))
        assert isinstance(frame, GoAwayFrame)
        if frame.error_code == ErrorCodes.NO_ERROR and frame.last_stream_id >= self._id:
            self._listener.on_goaway()
        else:
            self.fail(StreamStatus(grpc.StatusCode.UNAVAILABLE, "the sidecar has closed the connection"))

    def _receive_data(self, frame: bytes) -> None:
        self._taken += len(frame) - _FRAME_HEADER
        if self._taken >= _WINDOW // 2:
            for stream in (0, self._id):
                self._output += (4).to_bytes(3, "big") + _frame_header(_WINDOW_UPDATE, stream) + self._taken.to_bytes(4, "big")
            self._taken = 0
        self._receive_message_bytes(frame[_FRAME_HEADER:])

    def _handle(self, event: Event) -> None:
        if isinstance(event, DataReceived):
            # A DATA frame with flags: padding, or the end of the stream.
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, self._id)
            self._receive_message_bytes(event.data or b"")
        elif isinstance(event, ResponseReceived):
            self._receive_headers(_text(event.headers))
        elif isinstance(event, TrailersReceived):
            self._trailers = _text(event.headers)
        elif isinstance(event, StreamEnded):
            self.fail(_status_of(self._trailers))
        elif isinstance(event, StreamReset):
            self.fail(StreamStatus(grpc.StatusCode.UNAVAILABLE, f"the stream was reset: {event.error_code!r}"))
        else:
            self._send_what_fits()  # The window may have grown.

    def _receive_headers(self, headers: dict[str, str]) -> None:
        http_status = headers.get(":status", "")
        if http_status != "200":
            code = _BY_HTTP_STATUS.get(http_status, grpc.StatusCode.UNKNOWN)
            self.fail(StreamStatus(code, f"the answer has the HTTP status {http_status}"))
        elif "grpc-status" in headers:
            self._trailers = headers
        else:
            self._is_open = True
            self._listener.on_open()

    def _receive_message_bytes(self, data: bytes) -> None:
        received = self._message_bytes
        received += data
        while len(received) >= _MESSAGE_HEADER and not self._has_ended:
            size = _MESSAGE_HEADER + int.from_bytes(received[1:_MESSAGE_HEADER], "big")
            if len(received) < size:
                return
            if received[0]:
                self.fail(StreamStatus(grpc.StatusCode.INTERNAL, "the answer is compressed, which was not asked for"))
                return
            message = bytes(received[_MESSAGE_HEADER:size])
            del received[:size]
            self._listener.on_message(message)

    def _send_what_fits(self) -> None:
        unsent = self._unsent
        while unsent:
            window = min(self._h2.outbound_flow_control_window, self._sender.outbound_flow_control_window)
            size = min(window, self._h2.max_outbound_frame_size, len(unsent))
            if size <= 0:
                return
            self._h2.outbound_flow_control_window -= size
            self._sender.outbound_flow_control_window -= size
            self._output += size.to_bytes(3, "big") + self._data_header
            self._output += unsent[:size]
            del unsent[:size]


def _frame_header(kind: int, stream: int) -> bytes:
    return bytes((kind, 0)) + stream.to_bytes(4, "big")


def _text(headers: Iterable[tuple[object, object]] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers or ()}


def _status_of(trailers: dict[str, str]) -> StreamStatus:
    number = trailers.get("grpc-status", "")
    code = status_code(int(number) if number.isdecimal() else None)
    status = status_pb2.Status()
    try:
        status.ParseFromString(_decoded(trailers.get("grpc-status-details-bin", "")))
    except (DecodeError, ValueError):
        status.Clear()  # Details only refine a status, so it is valid without them.
    return StreamStatus(code, unquote(trailers.get("grpc-message", "the stream has ended")), status.details)


def _decoded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))
