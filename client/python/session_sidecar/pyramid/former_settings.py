"""Where the settings of pyramid_redis_sessions and pyramid_session_redis live now that the application has no Redis client."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_URL = "Set REDIS_URL of the sidecar, for example redis://:password@host:6379/0"
_PART_OF_URL = "It is part of the URL in REDIS_URL of the sidecar"
_KEYS = "The sidecar signs: set its SESSION_SIDECAR_SIGNING_KEYS, or SESSION_SIDECAR_SIGNING_KEYS_FILE"
_PASSWORD = "Set SESSION_SIDECAR_REDIS_PASSWORD, or SESSION_SIDECAR_REDIS_PASSWORD_FILE, of the sidecar"
_SOCKET = "Set REDIS_URL of the sidecar to unix:///path/redis.sock"
_TIMEOUTS = "Set SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT and SESSION_SIDECAR_REDIS_CONNECT_TIMEOUT of the sidecar"
_POOL = "The sidecar owns the connections to Redis, and shares them between all requests"
_ENCODING = "Keys are UTF-8 and values are bytes, always"
_CLIENT = (
    "The sidecar is the Redis client: set its REDIS_URL, SESSION_SIDECAR_REDIS_CLUSTER_NODES or SESSION_SIDECAR_REDIS_SENTINELS"
)
_VALUES = "Each value is stored as JSON, or by what the setting codec names. Pickles are never read"
_IDS = "A token always has 256 random bits, from the sidecar"

# By name, without the prefix.
FORMER_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        # Of both libraries.
        "secret": _KEYS,
        "serialize": _VALUES,
        "deserialize": _VALUES,
        "id_generator": _IDS,
        "prefix": "Set SESSION_SIDECAR_REDIS_KEY_PREFIX of the sidecar",
        # Of pyramid_redis_sessions.
        "url": _URL,
        "host": _PART_OF_URL,
        "port": _PART_OF_URL,
        "db": "Set SESSION_SIDECAR_REDIS_DB of the sidecar",
        "password": _PASSWORD,
        "socket_timeout": _TIMEOUTS,
        "connection_pool": _POOL,
        "encoding": _ENCODING,
        "encoding_errors": _ENCODING,
        "unix_socket_path": _SOCKET,
        "client_callable": _CLIENT,
        # Of pyramid_session_redis.
        "redis_url": _URL,
        "redis_host": _PART_OF_URL,
        "redis_port": _PART_OF_URL,
        "redis_db": "Set SESSION_SIDECAR_REDIS_DB of the sidecar",
        "redis_password": _PASSWORD,
        "redis_socket_timeout": _TIMEOUTS,
        "redis_connection_pool": _POOL,
        "redis_encoding": _ENCODING,
        "redis_encoding_errors": _ENCODING,
        "redis_unix_socket_path": _SOCKET,
        "redis_client_callable": _CLIENT,
        "cookie_signer": _KEYS,
        "cookie_expires": "Use cookie_max_age, which does not depend on the browser's clock",
        "cookie_comment": "Browsers ignore this attribute",
        "timeout_trigger": "Set SESSION_SIDECAR_TOUCH_INTERVAL of the sidecar",
        "python_expires": "Each record has its times, and they are always checked",
        "set_redis_ttl": "Set SESSION_SIDECAR_REDIS_TTL of the sidecar to on or off",
        "set_redis_ttl_readheavy": "Loading a session and extending it is always one call to Redis",
        "detect_changes": "Changes inside values are always found",
        "deserialized_fails_new": "A damaged session is an error, because a new one would hide the loss",
        "invalidate_empty_session": "A new session is not stored until something is written. Call invalidate() to end one",
    }
)
