"""The trace that calls belong to."""

from __future__ import annotations

try:
    from opentelemetry.propagate import inject
except ImportError:
    inject = None


def trace_context() -> dict[str, str]:
    """The active trace context as metadata, if the application uses OpenTelemetry."""
    metadata: dict[str, str] = {}
    if inject is not None:
        inject(metadata)
    return metadata
