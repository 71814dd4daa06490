import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_EVENT_TYPE_UNSPECIFIED: _ClassVar[SessionEventType]
    SESSION_EVENT_TYPE_CREATED: _ClassVar[SessionEventType]
    SESSION_EVENT_TYPE_REGENERATED: _ClassVar[SessionEventType]
    SESSION_EVENT_TYPE_INVALIDATED: _ClassVar[SessionEventType]
    SESSION_EVENT_TYPE_EXPIRED: _ClassVar[SessionEventType]
    SESSION_EVENT_TYPE_REVOKED: _ClassVar[SessionEventType]
    SESSION_EVENT_TYPE_REPLACED_TOKEN_USED: _ClassVar[SessionEventType]

class SessionEventReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_EVENT_REASON_UNSPECIFIED: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_CALL: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_IDLE_TIMEOUT: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_MAX_LIFETIME: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_SUBJECT: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_LIMIT: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_AGE: _ClassVar[SessionEventReason]
    SESSION_EVENT_REASON_SIGNING_KEY: _ClassVar[SessionEventReason]
SESSION_EVENT_TYPE_UNSPECIFIED: SessionEventType
SESSION_EVENT_TYPE_CREATED: SessionEventType
SESSION_EVENT_TYPE_REGENERATED: SessionEventType
SESSION_EVENT_TYPE_INVALIDATED: SessionEventType
SESSION_EVENT_TYPE_EXPIRED: SessionEventType
SESSION_EVENT_TYPE_REVOKED: SessionEventType
SESSION_EVENT_TYPE_REPLACED_TOKEN_USED: SessionEventType
SESSION_EVENT_REASON_UNSPECIFIED: SessionEventReason
SESSION_EVENT_REASON_CALL: SessionEventReason
SESSION_EVENT_REASON_IDLE_TIMEOUT: SessionEventReason
SESSION_EVENT_REASON_MAX_LIFETIME: SessionEventReason
SESSION_EVENT_REASON_SUBJECT: SessionEventReason
SESSION_EVENT_REASON_LIMIT: SessionEventReason
SESSION_EVENT_REASON_AGE: SessionEventReason
SESSION_EVENT_REASON_SIGNING_KEY: SessionEventReason

class SessionEvent(_message.Message):
    __slots__ = ("type", "reason", "handle", "subject", "time", "version")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    type: SessionEventType
    reason: SessionEventReason
    handle: str
    subject: str
    time: _timestamp_pb2.Timestamp
    version: int
    def __init__(self, type: _Optional[_Union[SessionEventType, str]] = ..., reason: _Optional[_Union[SessionEventReason, str]] = ..., handle: _Optional[str] = ..., subject: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...
