import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionResultStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_RESULT_STATUS_UNSPECIFIED: _ClassVar[SessionResultStatus]
    SESSION_RESULT_STATUS_FOUND: _ClassVar[SessionResultStatus]
    SESSION_RESULT_STATUS_NOT_FOUND: _ClassVar[SessionResultStatus]
    SESSION_RESULT_STATUS_UNREADABLE: _ClassVar[SessionResultStatus]
    SESSION_RESULT_STATUS_TOKEN_INVALID: _ClassVar[SessionResultStatus]
    SESSION_RESULT_STATUS_DATA_OMITTED: _ClassVar[SessionResultStatus]
SESSION_RESULT_STATUS_UNSPECIFIED: SessionResultStatus
SESSION_RESULT_STATUS_FOUND: SessionResultStatus
SESSION_RESULT_STATUS_NOT_FOUND: SessionResultStatus
SESSION_RESULT_STATUS_UNREADABLE: SessionResultStatus
SESSION_RESULT_STATUS_TOKEN_INVALID: SessionResultStatus
SESSION_RESULT_STATUS_DATA_OMITTED: SessionResultStatus

class EstimateSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EstimateSessionsResponse(_message.Message):
    __slots__ = ("count", "low", "high")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    count: int
    low: int
    high: int
    def __init__(self, count: _Optional[int] = ..., low: _Optional[int] = ..., high: _Optional[int] = ...) -> None: ...

class CountSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CountSessionsResponse(_message.Message):
    __slots__ = ("count", "progress", "done")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    count: int
    progress: float
    done: bool
    def __init__(self, count: _Optional[int] = ..., progress: _Optional[float] = ..., done: bool = ...) -> None: ...

class GetSessionsRequest(_message.Message):
    __slots__ = ("handles", "tokens", "subject", "page_size", "page_token", "include_data")
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_DATA_FIELD_NUMBER: _ClassVar[int]
    handles: _containers.RepeatedScalarFieldContainer[str]
    tokens: _containers.RepeatedScalarFieldContainer[str]
    subject: str
    page_size: int
    page_token: str
    include_data: bool
    def __init__(self, handles: _Optional[_Iterable[str]] = ..., tokens: _Optional[_Iterable[str]] = ..., subject: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., include_data: bool = ...) -> None: ...

class GetSessionsResponse(_message.Message):
    __slots__ = ("results", "next_page_token")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SessionResult]
    next_page_token: str
    def __init__(self, results: _Optional[_Iterable[_Union[SessionResult, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SessionResult(_message.Message):
    __slots__ = ("status", "handle", "session")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    status: SessionResultStatus
    handle: str
    session: AdminSession
    def __init__(self, status: _Optional[_Union[SessionResultStatus, str]] = ..., handle: _Optional[str] = ..., session: _Optional[_Union[AdminSession, _Mapping]] = ...) -> None: ...

class AdminSession(_message.Message):
    __slots__ = ("created", "accessed", "expires", "idle_timeout", "version", "subject", "label", "signing_key", "data")
    class DataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    CREATED_FIELD_NUMBER: _ClassVar[int]
    ACCESSED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    created: _timestamp_pb2.Timestamp
    accessed: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    idle_timeout: _duration_pb2.Duration
    version: int
    subject: str
    label: str
    signing_key: str
    data: _containers.ScalarMap[str, bytes]
    def __init__(self, created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accessed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., version: _Optional[int] = ..., subject: _Optional[str] = ..., label: _Optional[str] = ..., signing_key: _Optional[str] = ..., data: _Optional[_Mapping[str, bytes]] = ...) -> None: ...

class RevokeSessionsRequest(_message.Message):
    __slots__ = ("subject", "created_before", "not_accessed_since", "signing_key", "include_unknown_keys", "dry_run")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    NOT_ACCESSED_SINCE_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_UNKNOWN_KEYS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    subject: str
    created_before: _timestamp_pb2.Timestamp
    not_accessed_since: _timestamp_pb2.Timestamp
    signing_key: str
    include_unknown_keys: bool
    dry_run: bool
    def __init__(self, subject: _Optional[str] = ..., created_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_accessed_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., signing_key: _Optional[str] = ..., include_unknown_keys: bool = ..., dry_run: bool = ...) -> None: ...

class RevokeSessionsResponse(_message.Message):
    __slots__ = ("revoked_count", "examined_count", "unknown_key_count", "unreadable_count", "progress", "done")
    REVOKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXAMINED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_KEY_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNREADABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    revoked_count: int
    examined_count: int
    unknown_key_count: int
    unreadable_count: int
    progress: float
    done: bool
    def __init__(self, revoked_count: _Optional[int] = ..., examined_count: _Optional[int] = ..., unknown_key_count: _Optional[int] = ..., unreadable_count: _Optional[int] = ..., progress: _Optional[float] = ..., done: bool = ...) -> None: ...
