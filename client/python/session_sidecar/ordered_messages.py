"""Replies with a session whose keys have an order.

protobuf reads a map into a hash table, which loses the order in which the sidecar sends the keys. On the wire, a map is a list of
entries. These messages are those of the API with that list instead of the map, so they read and write the same bytes.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

_PACKAGE = "session_sidecar.ordered"

_ORIGINALS = (
    *(messages.Session, messages.SubjectSession),
    *(api.GetSessionResponse, api.CreateSessionResponse, api.AcquireLeaseResponse, api.ListSubjectSessionsResponse),
)
_SESSION = re.compile(r"^\.session\.v1\.(Session|SubjectSession)\b")


def _file() -> Any:
    sources = [messages.DESCRIPTOR, api.DESCRIPTOR]
    imported = {each.name for source in sources for each in (source, *source.dependencies)}
    file = descriptor_pb2.FileDescriptorProto(
        name="session_sidecar/ordered.proto", package=_PACKAGE, syntax="proto3", dependency=sorted(imported)
    )
    for original in _ORIGINALS:
        copy = file.message_type.add()
        original.DESCRIPTOR.CopyToProto(copy)
        for nested in copy.nested_type:
            nested.options.ClearField("map_entry")
        for field in (each for each in copy.field if each.type_name):
            field.type_name = _SESSION.sub(rf".{_PACKAGE}.\1", field.type_name)
    return file


def _classes() -> dict[str, Any]:
    file = _file()
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    find = pool.FindMessageTypeByName
    return {each.name: message_factory.GetMessageClass(find(f"{_PACKAGE}.{each.name}")) for each in file.message_type}


_CLASSES = _classes()
# They are like those of the API, but for Session.data: use data_of() and set_data().
Session: Any = _CLASSES["Session"]
GetSessionResponse: Any = _CLASSES["GetSessionResponse"]

_METHODS = api.DESCRIPTOR.services_by_name["SessionService"].methods
RESPONSE_TYPES: dict[str, Any] = {
    each.name: _CLASSES.get(each.output_type.name, getattr(api, each.output_type.name))
    for each in _METHODS
    if not each.server_streaming
}
"""The type of the response to each unary method."""


def data_of(session: Any) -> dict[str, bytes]:
    """Return the encoded values of a Session or SubjectSession, in the order in which their keys were first written."""
    return {entry.key: entry.value for entry in session.data}


def set_data(session: Any, data: dict[str, bytes]) -> None:
    """Replace the encoded values of a Session."""
    del session.data[:]
    for key, value in data.items():
        session.data.add(key=key, value=value)
