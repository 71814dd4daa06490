import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Session(_message.Message):
    __slots__ = ("handle", "data", "flash_queues", "csrf_token", "created", "accessed", "expires", "idle_timeout", "version", "subject", "label")
    class DataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLASH_QUEUES_FIELD_NUMBER: _ClassVar[int]
    CSRF_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    ACCESSED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    handle: str
    data: _containers.ScalarMap[str, bytes]
    flash_queues: _containers.RepeatedCompositeFieldContainer[FlashQueue]
    csrf_token: str
    created: _timestamp_pb2.Timestamp
    accessed: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    idle_timeout: _duration_pb2.Duration
    version: int
    subject: str
    label: str
    def __init__(self, handle: _Optional[str] = ..., data: _Optional[_Mapping[str, bytes]] = ..., flash_queues: _Optional[_Iterable[_Union[FlashQueue, _Mapping]]] = ..., csrf_token: _Optional[str] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accessed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., idle_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., version: _Optional[int] = ..., subject: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class SubjectSession(_message.Message):
    __slots__ = ("handle", "label", "created", "accessed", "expires", "version", "is_current", "data")
    class DataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    ACCESSED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_CURRENT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    handle: str
    label: str
    created: _timestamp_pb2.Timestamp
    accessed: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    version: int
    is_current: bool
    data: _containers.ScalarMap[str, bytes]
    def __init__(self, handle: _Optional[str] = ..., label: _Optional[str] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accessed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., is_current: bool = ..., data: _Optional[_Mapping[str, bytes]] = ...) -> None: ...

class FlashQueue(_message.Message):
    __slots__ = ("name", "message_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    message_count: int
    def __init__(self, name: _Optional[str] = ..., message_count: _Optional[int] = ...) -> None: ...

class Mutation(_message.Message):
    __slots__ = ("set", "set_if_absent", "delete", "take", "clear", "append", "increment", "push_flash", "pop_flash")
    SET_FIELD_NUMBER: _ClassVar[int]
    SET_IF_ABSENT_FIELD_NUMBER: _ClassVar[int]
    DELETE_FIELD_NUMBER: _ClassVar[int]
    TAKE_FIELD_NUMBER: _ClassVar[int]
    CLEAR_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    INCREMENT_FIELD_NUMBER: _ClassVar[int]
    PUSH_FLASH_FIELD_NUMBER: _ClassVar[int]
    POP_FLASH_FIELD_NUMBER: _ClassVar[int]
    set: Set
    set_if_absent: Set
    delete: Delete
    take: Take
    clear: Clear
    append: Append
    increment: Increment
    push_flash: PushFlash
    pop_flash: PopFlash
    def __init__(self, set: _Optional[_Union[Set, _Mapping]] = ..., set_if_absent: _Optional[_Union[Set, _Mapping]] = ..., delete: _Optional[_Union[Delete, _Mapping]] = ..., take: _Optional[_Union[Take, _Mapping]] = ..., clear: _Optional[_Union[Clear, _Mapping]] = ..., append: _Optional[_Union[Append, _Mapping]] = ..., increment: _Optional[_Union[Increment, _Mapping]] = ..., push_flash: _Optional[_Union[PushFlash, _Mapping]] = ..., pop_flash: _Optional[_Union[PopFlash, _Mapping]] = ...) -> None: ...

class Set(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: bytes
    def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class Delete(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class Take(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class Clear(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Append(_message.Message):
    __slots__ = ("key", "value", "unless_present")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNLESS_PRESENT_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: bytes
    unless_present: bool
    def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ..., unless_present: bool = ...) -> None: ...

class Increment(_message.Message):
    __slots__ = ("key", "by")
    KEY_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    key: str
    by: int
    def __init__(self, key: _Optional[str] = ..., by: _Optional[int] = ...) -> None: ...

class PushFlash(_message.Message):
    __slots__ = ("queue", "message", "unless_present")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    UNLESS_PRESENT_FIELD_NUMBER: _ClassVar[int]
    queue: str
    message: bytes
    unless_present: bool
    def __init__(self, queue: _Optional[str] = ..., message: _Optional[bytes] = ..., unless_present: bool = ...) -> None: ...

class PopFlash(_message.Message):
    __slots__ = ("queue",)
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    queue: str
    def __init__(self, queue: _Optional[str] = ...) -> None: ...

class MutationResult(_message.Message):
    __slots__ = ("applied", "value", "messages")
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    applied: bool
    value: bytes
    messages: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, applied: bool = ..., value: _Optional[bytes] = ..., messages: _Optional[_Iterable[bytes]] = ...) -> None: ...
