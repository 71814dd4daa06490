import { context, propagation } from '@opentelemetry/api';

/**
 * The metadata that propagates the active trace context to the sidecar; `undefined` if there is none, for example because the
 * application does not use OpenTelemetry.
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
