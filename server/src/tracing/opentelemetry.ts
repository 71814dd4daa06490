import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { TextMapPropagator, Tracer } from '@opentelemetry/api';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';

export interface OpenTelemetry {
  readonly tracer: Tracer;
  readonly propagator: TextMapPropagator;
  /** Exports the spans that have ended. @throws Error if that fails */
  readonly close: () => Promise<void>;
}

export interface OpenTelemetryOptions {
  readonly version: string;
  readonly onWarning: (message: string) => void;
  /** Spans are lost. */
  readonly onLoss: (error: unknown) => void;
}

/**
 * The OpenTelemetry SDK, which reads the destination and sampling of spans from its own variables. The build puts this file and its
 * imports into a separate bundle: nothing else in the sidecar imports the SDK.
 */
export function openTelemetry({ version, onWarning, onLoss }: OpenTelemetryOptions): OpenTelemetry {
  reportTo(onWarning, onLoss);
  const name = 'session-sidecar';
  const own = resourceFromAttributes({ [ATTR_SERVICE_NAME]: name, [ATTR_SERVICE_VERSION]: version });
  const resource = defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
  const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())];
  const provider = new BasicTracerProvider({ resource, spanProcessors });
  return {
    tracer: provider.getTracer(name, version),
    propagator: new W3CTraceContextPropagator(),
    close: () => provider.shutdown(),
  };
}

/** The SDK has one logger for the whole process. Its messages may come with whole spans, which are left out. */
function reportTo(onWarning: (message: string) => void, onLoss: (error: unknown) => void): void {
  const warn = (message: string): void => onWarning(message);
  const ignore = (): void => {};
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  setGlobalErrorHandler(onLoss);
}
