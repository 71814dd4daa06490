"""Handlers of errors that the application may replace, before or after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask


def handle_by_default(app: Flask, kind: type[Exception], handler: Callable[[Any], Any]) -> None:
    """Register a handler for errors of a kind, unless the application has one."""
    if kind not in app.error_handler_spec[None][None]:
        app.register_error_handler(kind, handler)
