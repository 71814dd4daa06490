"""A real sidecar for the tests of an application, on its memory store, with a clock that tests move."""

from .sidecar import Sidecar, start_sidecar

__all__ = ["Sidecar", "start_sidecar"]
