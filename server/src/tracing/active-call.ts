import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from '@opentelemetry/api';

/** A call in flight that has a span. */
export interface TracedCall {
  readonly span: Span;
  /** Whether the near cache had its session; `undefined`: it was not used. */
  nearCacheHit?: boolean;
}

/** Identifies a trace in a log line or a metric. */
export type TraceIds = Readonly<Record<'trace_id' | 'span_id', string>>;

/** The call that the current code runs for. Node.js passes it on across asynchronous calls. */
export class ActiveCall {
  readonly #storage = new AsyncLocalStorage<TracedCall | undefined>();

  get(): TracedCall | undefined {
    return this.#storage.getStore();
  }

  /** @param call `undefined` for work that is shared by many calls, although one of them started it */
  run<T>(call: TracedCall | undefined, work: () => T): T {
    return this.#storage.run(call, work);
  }

  readonly ids = (): TraceIds | undefined => {
    const context = this.get()?.span.spanContext();
    return context && { trace_id: context.traceId, span_id: context.spanId };
  };
}
