"""The trace context of calls."""

from __future__ import annotations

try:
    from opentelemetry.propagate import inject  # pyright: ignore[reportMissingImports]
except ImportError:
    inject = None


def trace_context() -> dict[str, str]:
    """Return the active trace context as metadata. It is empty unless the application uses OpenTelemetry."""
    metadata: dict[str, str] = {}
    if inject is not None:
        inject(metadata)
    return metadata
