"""The settings of an application, as options of SidecarSessionFactory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.settings import asbool

from .former_settings import FORMER_SETTINGS

# The second is that of pyramid_redis_sessions and pyramid_session_redis.
PREFIXES = ("session_sidecar.", "redis.sessions.")

Resolve = Callable[[Any], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def _whole_number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError("a whole number") from None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError("a number") from None


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a reader that takes "None", in any case, for None, as pyramid_session_redis does."""
    return lambda value: None if value is None or str(value).strip().lower() == "none" else read(value)


def _boolean(value: Any) -> bool:
    read: bool = asbool(value)
    return read


def _boolean_or_auto(value: Any) -> Any:
    return "auto" if str(value).strip().lower() == "auto" else _boolean(value)


def _same_site(value: Any) -> str:
    return "lax" if value is None else _text(value).strip().lower()


def _any(value: Any) -> Any:
    return value


def _function(value: Any) -> Any:
    if not callable(value):
        raise ValueError("a function, or the dotted name of one")
    return value


# By name, without the prefix: what reads the setting. A ValueError says what it expects.
READERS: Mapping[str, Callable[[Any], Any]] = {
    "address": _text,
    "api_token": _text,
    "api_token_file": _text,
    "cache_bytes": _or_none(_whole_number),
    "call_timeout": _number,
    "client": _any,
    "codec": _any,
    "cookie_domain": _or_none(_text),
    "cookie_httponly": _boolean,
    "cookie_max_age": _or_none(_whole_number),
    "cookie_name": _text,
    "cookie_on_exception": _boolean,
    "cookie_path": _text,
    "cookie_samesite": _same_site,
    "cookie_secure": _boolean_or_auto,
    "former_secret": _or_none(_text),
    "func_check_response_allow_cookies": _or_none(_function),
    "func_invalid_logger": _or_none(_function),
    "timeout": _or_none(_whole_number),
    "transport": _text,
}
# Settings that may be dotted names.
DOTTED = ("client", "codec", "func_check_response_allow_cookies", "func_invalid_logger")


def options_of(settings: Mapping[str, Any], resolve: Resolve | None = None) -> dict[str, Any]:
    """Return the options of SidecarSessionFactory that settings have under one of the PREFIXES. Ignores all other settings.

    resolve: turns the dotted name of a function into the function. Default: names are not resolved.

    Raises ConfigurationError, which names all settings that are unknown, invalid or now belong to the sidecar.
    """
    options: dict[str, Any] = {}
    problems: list[str] = []
    for setting, value in settings.items():
        if not setting.startswith(PREFIXES):
            continue
        name = setting.rsplit(".", 1)[-1]
        if name in FORMER_SETTINGS:
            problems.append(f"{setting} has no effect here. {FORMER_SETTINGS[name]}. Then delete the setting.")
        elif name not in READERS:
            problems.append(f"{setting} is not a setting. Those of session_sidecar.pyramid are: {', '.join(READERS)}.")
        elif name in options:
            problems.append(f"{setting} is set twice, with the prefixes {' and '.join(PREFIXES)}. Delete one.")
        else:
            try:
                options[name] = READERS[name](resolve(value) if resolve and name in DOTTED else value)
            except (ImportError, AttributeError):
                problems.append(f"{setting} is the name of something that cannot be imported.")
            except ValueError as expected:
                problems.append(f"Expected {setting} to be {expected}.")
    if problems:
        raise ConfigurationError("\n".join(["The settings of the session are invalid:", *problems]))
    return options
