"""The connection of this process, as settings.SESSION_SIDECAR describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from ..plans import Plan, Result, run, run_async
from ..transport.transport import Transport

_SETTING = "SESSION_SIDECAR"
_OPTIONS = ("ADDRESS", "TIMEOUT", "API_TOKEN", "API_TOKEN_FILE", "TRANSPORT", "CACHE_BYTES")
_DEFAULTS = {"ADDRESS": "localhost:50051"}


def _transport_of(options: Any) -> Transport:
    """Return a transport with the options of SessionClient in capitals. Raises ImproperlyConfigured if one is invalid."""
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"Expected the setting {_SETTING} to be a dictionary, got {type(options).__name__}")
    for name in options:
        if name not in _OPTIONS:
            raise ImproperlyConfigured(f"{_SETTING} has no option {name!r}. Its options are: {', '.join(_OPTIONS)}")
    try:
        return Transport(**{name.lower(): value for name, value in {**_DEFAULTS, **options}.items()})
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{_SETTING}: {error}") from None


class Connection:
    """Makes calls from code that blocks and from code that awaits, over one transport: one connection and cache per process."""

    def __init__(self) -> None:
        # At import, so that a mistake in the setting stops the application when it starts. Connects at the first call.
        self.transport = _transport_of(getattr(settings, _SETTING, {}))

    def find(self, token: str) -> Any:
        """Return the session of a token as a message, if it is in the cache. Makes no call."""
        return self.transport.find(token)

    def run(self, plan: Plan[Result]) -> Result:
        return run(plan, self.transport)

    async def run_async(self, plan: Plan[Result]) -> Result:
        # In any thread: the thread that Django shares between all code that blocks makes one call at a time.
        return await run_async(plan, sync_to_async(self.transport, thread_sensitive=False))

    def reload(self, *, setting: str, **_: Any) -> None:
        """Follow settings that are overridden in tests."""
        if setting == _SETTING:
            replaced, self.transport = self.transport, _transport_of(getattr(settings, _SETTING, {}))
            replaced.close()


connection = Connection()
setting_changed.connect(connection.reload)
