import { context, propagation } from '@opentelemetry/api';

/**
 * What carries the active trace context over to the sidecar; `undefined` when there is none, which is always the case where the
 * application has not set OpenTelemetry up.
 */
export function traceContext(): Readonly<Record<string, string>> | undefined {
  let carrier: Record<string, string> | undefined;
  propagation.inject(context.active(), undefined, {
    set(_, name, value) {
      carrier ??= {};
      carrier[name] = value;
    },
  });
  return carrier;
}
