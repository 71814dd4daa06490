import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from session_sidecar_proto.session.v1 import pipeline_pb2 as _pipeline_pb2
from session_sidecar_proto.session.v1 import session_pb2 as _session_pb2
from session_sidecar_proto.session.v1 import session_events_pb2 as _session_events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateSessionRequest(_message.Message):
    __slots__ = ("mutations", "idle_timeout", "no_idle_timeout", "subject", "id", "label")
    MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    NO_IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    mutations: _containers.RepeatedCompositeFieldContainer[_session_pb2.Mutation]
    idle_timeout: _duration_pb2.Duration
    no_idle_timeout: bool
    subject: str
    id: str
    label: str
    def __init__(self, mutations: _Optional[_Iterable[_Union[_session_pb2.Mutation, _Mapping]]] = ..., idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., no_idle_timeout: bool = ..., subject: _Optional[str] = ..., id: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class CreateSessionResponse(_message.Message):
    __slots__ = ("token", "session", "results")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    token: str
    session: _session_pb2.Session
    results: _containers.RepeatedCompositeFieldContainer[_session_pb2.MutationResult]
    def __init__(self, token: _Optional[str] = ..., session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ..., results: _Optional[_Iterable[_Union[_session_pb2.MutationResult, _Mapping]]] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("token", "etag", "id")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    token: str
    etag: bytes
    id: str
    def __init__(self, token: _Optional[str] = ..., etag: _Optional[bytes] = ..., id: _Optional[str] = ...) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session", "not_modified", "live_ms", "etag", "token")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    NOT_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    LIVE_MS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    not_modified: NotModified
    live_ms: int
    etag: bytes
    token: str
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ..., not_modified: _Optional[_Union[NotModified, _Mapping]] = ..., live_ms: _Optional[int] = ..., etag: _Optional[bytes] = ..., token: _Optional[str] = ...) -> None: ...

class NotModified(_message.Message):
    __slots__ = ("accessed", "expires")
    ACCESSED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    accessed: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    def __init__(self, accessed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UpdateSessionRequest(_message.Message):
    __slots__ = ("token", "mutations", "if_version", "idle_timeout", "no_idle_timeout", "subject", "etag", "label", "fence")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    NO_IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    token: str
    mutations: _containers.RepeatedCompositeFieldContainer[_session_pb2.Mutation]
    if_version: int
    idle_timeout: _duration_pb2.Duration
    no_idle_timeout: bool
    subject: str
    etag: bytes
    label: str
    fence: int
    def __init__(self, token: _Optional[str] = ..., mutations: _Optional[_Iterable[_Union[_session_pb2.Mutation, _Mapping]]] = ..., if_version: _Optional[int] = ..., idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., no_idle_timeout: bool = ..., subject: _Optional[str] = ..., etag: _Optional[bytes] = ..., label: _Optional[str] = ..., fence: _Optional[int] = ...) -> None: ...

class UpdateSessionResponse(_message.Message):
    __slots__ = ("version", "expires", "results", "live_ms", "etag")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    LIVE_MS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    version: int
    expires: _timestamp_pb2.Timestamp
    results: _containers.RepeatedCompositeFieldContainer[_session_pb2.MutationResult]
    live_ms: int
    etag: bytes
    def __init__(self, version: _Optional[int] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., results: _Optional[_Iterable[_Union[_session_pb2.MutationResult, _Mapping]]] = ..., live_ms: _Optional[int] = ..., etag: _Optional[bytes] = ...) -> None: ...

class RegenerateSessionRequest(_message.Message):
    __slots__ = ("token", "mutations", "subject", "label", "grace", "fence")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    token: str
    mutations: _containers.RepeatedCompositeFieldContainer[_session_pb2.Mutation]
    subject: str
    label: str
    grace: _duration_pb2.Duration
    fence: int
    def __init__(self, token: _Optional[str] = ..., mutations: _Optional[_Iterable[_Union[_session_pb2.Mutation, _Mapping]]] = ..., subject: _Optional[str] = ..., label: _Optional[str] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., fence: _Optional[int] = ...) -> None: ...

class RegenerateSessionResponse(_message.Message):
    __slots__ = ("token", "csrf_token", "version", "expires", "results")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CSRF_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    token: str
    csrf_token: str
    version: int
    expires: _timestamp_pb2.Timestamp
    results: _containers.RepeatedCompositeFieldContainer[_session_pb2.MutationResult]
    def __init__(self, token: _Optional[str] = ..., csrf_token: _Optional[str] = ..., version: _Optional[int] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., results: _Optional[_Iterable[_Union[_session_pb2.MutationResult, _Mapping]]] = ...) -> None: ...

class InvalidateSessionRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class InvalidateSessionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PushFlashRequest(_message.Message):
    __slots__ = ("token", "queue", "message", "unless_present")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    UNLESS_PRESENT_FIELD_NUMBER: _ClassVar[int]
    token: str
    queue: str
    message: bytes
    unless_present: bool
    def __init__(self, token: _Optional[str] = ..., queue: _Optional[str] = ..., message: _Optional[bytes] = ..., unless_present: bool = ...) -> None: ...

class PushFlashResponse(_message.Message):
    __slots__ = ("applied",)
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    applied: bool
    def __init__(self, applied: bool = ...) -> None: ...

class PopFlashRequest(_message.Message):
    __slots__ = ("token", "queue")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    token: str
    queue: str
    def __init__(self, token: _Optional[str] = ..., queue: _Optional[str] = ...) -> None: ...

class PopFlashResponse(_message.Message):
    __slots__ = ("messages", "version")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedScalarFieldContainer[bytes]
    version: int
    def __init__(self, messages: _Optional[_Iterable[bytes]] = ..., version: _Optional[int] = ...) -> None: ...

class PeekFlashRequest(_message.Message):
    __slots__ = ("token", "queue")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    token: str
    queue: str
    def __init__(self, token: _Optional[str] = ..., queue: _Optional[str] = ...) -> None: ...

class PeekFlashResponse(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, messages: _Optional[_Iterable[bytes]] = ...) -> None: ...

class GetCsrfTokenRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class GetCsrfTokenResponse(_message.Message):
    __slots__ = ("csrf_token",)
    CSRF_TOKEN_FIELD_NUMBER: _ClassVar[int]
    csrf_token: str
    def __init__(self, csrf_token: _Optional[str] = ...) -> None: ...

class NewCsrfTokenRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class NewCsrfTokenResponse(_message.Message):
    __slots__ = ("csrf_token", "version")
    CSRF_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    csrf_token: str
    version: int
    def __init__(self, csrf_token: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class CheckCsrfTokenRequest(_message.Message):
    __slots__ = ("token", "csrf_token")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CSRF_TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    csrf_token: str
    def __init__(self, token: _Optional[str] = ..., csrf_token: _Optional[str] = ...) -> None: ...

class CheckCsrfTokenResponse(_message.Message):
    __slots__ = ("valid",)
    VALID_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    def __init__(self, valid: bool = ...) -> None: ...

class AcquireLeaseRequest(_message.Message):
    __slots__ = ("token", "duration", "holder")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    token: str
    duration: _duration_pb2.Duration
    holder: str
    def __init__(self, token: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., holder: _Optional[str] = ...) -> None: ...

class AcquireLeaseResponse(_message.Message):
    __slots__ = ("fence", "expires", "session")
    FENCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    fence: int
    expires: _timestamp_pb2.Timestamp
    session: _session_pb2.Session
    def __init__(self, fence: _Optional[int] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ...) -> None: ...

class ReleaseLeaseRequest(_message.Message):
    __slots__ = ("token", "fence")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    FENCE_FIELD_NUMBER: _ClassVar[int]
    token: str
    fence: int
    def __init__(self, token: _Optional[str] = ..., fence: _Optional[int] = ...) -> None: ...

class ReleaseLeaseResponse(_message.Message):
    __slots__ = ("released",)
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    released: bool
    def __init__(self, released: bool = ...) -> None: ...

class ListSubjectSessionsRequest(_message.Message):
    __slots__ = ("subject", "page_size", "page_token", "current_token", "include_data")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CURRENT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_DATA_FIELD_NUMBER: _ClassVar[int]
    subject: str
    page_size: int
    page_token: str
    current_token: str
    include_data: bool
    def __init__(self, subject: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., current_token: _Optional[str] = ..., include_data: bool = ...) -> None: ...

class ListSubjectSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[_session_pb2.SubjectSession]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[_session_pb2.SubjectSession, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class InvalidateSubjectSessionsRequest(_message.Message):
    __slots__ = ("subject", "except_token", "handles")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    EXCEPT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    subject: str
    except_token: str
    handles: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject: _Optional[str] = ..., except_token: _Optional[str] = ..., handles: _Optional[_Iterable[str]] = ...) -> None: ...

class InvalidateSubjectSessionsResponse(_message.Message):
    __slots__ = ("ended_count",)
    ENDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ended_count: int
    def __init__(self, ended_count: _Optional[int] = ...) -> None: ...

class WatchSessionsRequest(_message.Message):
    __slots__ = ("subject", "group", "after")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    subject: str
    group: str
    after: str
    def __init__(self, subject: _Optional[str] = ..., group: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class WatchSessionsResponse(_message.Message):
    __slots__ = ("event", "cursor")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    event: _session_events_pb2.SessionEvent
    cursor: str
    def __init__(self, event: _Optional[_Union[_session_events_pb2.SessionEvent, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...

class AcknowledgeSessionEventsRequest(_message.Message):
    __slots__ = ("group", "cursor")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    group: str
    cursor: str
    def __init__(self, group: _Optional[str] = ..., cursor: _Optional[str] = ...) -> None: ...

class AcknowledgeSessionEventsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
