"""The cookie that an application's Flask configuration describes."""

from __future__ import annotations

from typing import Any

from flask import Flask

from ..web import CookieOptions, cookie_options

# Flask's default is a name that others on the same host use, too.
_FLASK_DEFAULT_NAME = "session"

# The setting of each option. Flask before 3.1 does not have the last one.
_SETTINGS = {
    "name": "SESSION_COOKIE_NAME",
    "path": "SESSION_COOKIE_PATH",
    "domain": "SESSION_COOKIE_DOMAIN",
    "secure": "SESSION_COOKIE_SECURE",
    "same_site": "SESSION_COOKIE_SAMESITE",
    "http_only": "SESSION_COOKIE_HTTPONLY",
    "rolling": "SESSION_REFRESH_EACH_REQUEST",
    "max_age": "PERMANENT_SESSION_LIFETIME",
    "partitioned": "SESSION_COOKIE_PARTITIONED",
}

CookieSettings = tuple[Any, ...]


def cookie_settings(app: Flask) -> CookieSettings:
    """Return what the cookie depends on, as a key for what is made of it."""
    config = app.config
    return tuple(config.get(setting) for setting in (*_SETTINGS.values(), "APPLICATION_ROOT"))


def cookie_of(app: Flask) -> CookieOptions:
    """Return the cookie of an application's configuration.

    Where Flask's defaults are weaker than those of CookieOptions, the latter are used: the name, Secure over https, and
    SameSite=Lax.

    Raises TypeError or ValueError for a cookie that browsers would refuse. The message names the setting.
    """
    options: dict[str, Any] = {option: app.config.get(setting) for option, setting in _SETTINGS.items()}
    if options["name"] == _FLASK_DEFAULT_NAME:
        options["name"] = None
    options["path"] = options["path"] or app.config["APPLICATION_ROOT"]
    options["domain"] = options["domain"] or None
    options["secure"] = options["secure"] or "auto"
    same_site = options["same_site"] or "lax"
    options["same_site"] = same_site.lower() if isinstance(same_site, str) else same_site
    options["partitioned"] = options["partitioned"] or False
    options["max_age"] = int(app.permanent_session_lifetime.total_seconds())
    return cookie_options(_SETTINGS, options)
