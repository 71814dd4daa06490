"""The trace context that calls carry."""

from __future__ import annotations

import sys
import types
import unittest
from typing import Any
from unittest import mock

from fake_sidecar import FakeSidecar
from opentelemetry import trace
from session_sidecar import SessionClient
from session_sidecar.transport.pipeline import trace_context


class TraceContext(unittest.TestCase):
    def test_is_sent_if_the_application_uses_opentelemetry(self) -> None:
        def inject(carrier: dict[str, str]) -> None:
            carrier["traceparent"] = "00-trace"

        with mock.patch.multiple(trace_context, inject=inject, get_current=lambda: {"span": 1}), FakeSidecar() as fake:
            with SessionClient(fake.address, timeout=30) as client:
                client.open("token")
            self.assertEqual(dict(fake.streams[0].calls[0].metadata), {"traceparent": "00-trace"})

    def test_is_that_of_the_active_span(self) -> None:
        span = trace.NonRecordingSpan(trace.SpanContext(0xA, 0xB, is_remote=False, trace_flags=trace.TraceFlags(1)))
        with trace.use_span(span):
            self.assertEqual(trace_context.trace_context(), {"traceparent": f"00-{0xA:032x}-{0xB:016x}-01"})

    def test_costs_no_propagator_without_an_active_context(self) -> None:
        with mock.patch.object(trace_context, "inject") as inject:
            self.assertEqual(trace_context.trace_context(), {})
            inject.assert_not_called()

    def test_comes_from_its_api(self) -> None:
        propagate: Any = types.ModuleType("opentelemetry.propagate")
        propagate.inject = lambda carrier: carrier.update(traceparent="00-trace")
        context: Any = types.ModuleType("opentelemetry.context")
        context.get_current = lambda: {"span": 1}
        name = trace_context.__name__
        modules = {"opentelemetry": types.ModuleType("opentelemetry"), propagate.__name__: propagate, context.__name__: context}
        with mock.patch.dict(sys.modules, modules):
            del sys.modules[name]
            with_api: Any = __import__(name, fromlist=["trace_context"])
            self.assertEqual(with_api.trace_context(), {"traceparent": "00-trace"})
