"""The trace context of calls."""

from __future__ import annotations

try:
    from opentelemetry.context import get_current  # pyright: ignore[reportMissingImports]
    from opentelemetry.propagate import inject  # pyright: ignore[reportMissingImports]
except ImportError:
    # No context is ever active.
    get_current = inject = dict


def trace_context() -> dict[str, str]:
    """Return the active trace context as metadata. It is empty unless the application uses OpenTelemetry."""
    metadata: dict[str, str] = {}
    # FastAPI installs the API even in applications that trace nothing. Asking all propagators in vain costs microseconds.
    if get_current():
        inject(metadata)
    return metadata
