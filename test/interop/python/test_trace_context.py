"""The trace context that calls carry."""

from __future__ import annotations

import sys
import types
import unittest
from typing import Any
from unittest import mock

from fake_sidecar import FakeSidecar
from session_sidecar import SessionClient
from session_sidecar.transport.pipeline import trace_context


class TraceContext(unittest.TestCase):
    def test_is_sent_if_the_application_uses_opentelemetry(self) -> None:
        def inject(carrier: dict[str, str]) -> None:
            carrier["traceparent"] = "00-trace"

        with mock.patch.object(trace_context, "inject", inject), FakeSidecar() as fake:
            with SessionClient(fake.address, timeout=30) as client:
                client.open("token")
            self.assertEqual(dict(fake.streams[0].calls[0].metadata), {"traceparent": "00-trace"})

    def test_comes_from_its_api(self) -> None:
        propagate: Any = types.ModuleType("opentelemetry.propagate")
        propagate.inject = lambda carrier: carrier.update(traceparent="00-trace")
        name = trace_context.__name__
        modules = {"opentelemetry": types.ModuleType("opentelemetry"), "opentelemetry.propagate": propagate}
        with mock.patch.dict(sys.modules, modules):
            del sys.modules[name]
            with_api: Any = __import__(name, fromlist=["trace_context"])
            self.assertEqual(with_api.trace_context(), {"traceparent": "00-trace"})
