"""Sessions for web applications, stored by the session sidecar that runs beside the application."""

from .async_client import AsyncSessionClient
from .async_session import AsyncSession
from .cache.session_cache import CacheStats
from .client import SessionClient
from .codecs import Codec, TaggedJsonCodec, TaggedType
from .errors import SessionError
from .session import Session
from .subject_sessions import AsyncSubjectSessions, SubjectSession, SubjectSessions
from .watch.session_event import SessionEvent

__all__ = [
    "AsyncSession",
    "AsyncSessionClient",
    "AsyncSubjectSessions",
    "CacheStats",
    "Codec",
    "Session",
    "SessionClient",
    "SessionError",
    "SessionEvent",
    "SubjectSession",
    "SubjectSessions",
    "TaggedJsonCodec",
    "TaggedType",
]
