import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Span, TextMapGetter, TextMapPropagator, Tracer } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  RPC_SYSTEM_NAME_VALUE_GRPC,
} from '@opentelemetry/semantic-conventions';
import { status } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import type { CallerMetadata } from '../rpc/call-context';
import type { Dispatch } from '../rpc/dispatcher';
import type { ActiveCall, TracedCall } from './active-call';
import { ATTR_ERROR_REASON } from './attributes';

/** Statuses that are errors of the server (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/). */
const faults = new Set<number>([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

const getter: TextMapGetter<CallerMetadata> = {
  get: (metadata, name) => metadata.get(name) as string[] | string | undefined,
  keys: () => [],
};

export interface RpcTracingParts {
  readonly tracer: Tracer;
  readonly propagator: TextMapPropagator;
  readonly activeCall: ActiveCall;
}

/** The same RPCs, with a span per call, a child of the one in the caller's `traceparent`. */
export function traceCalls(
  dispatchers: ReadonlyMap<string, Dispatch>,
  { tracer, propagator, activeCall }: RpcTracingParts,
): ReadonlyMap<string, Dispatch> {
  return new Map([...dispatchers].map(([method, dispatch]) => [method, traced(method, dispatch)]));

  function traced(method: string, dispatch: Dispatch): Dispatch {
    const name = `${SessionServiceDefinition.fullName}/${method}`;
    const attributes = { [ATTR_RPC_SYSTEM_NAME]: RPC_SYSTEM_NAME_VALUE_GRPC, [ATTR_RPC_METHOD]: name };
    return async (request, call) => {
      const parent = propagator.extract(ROOT_CONTEXT, call.metadata, getter);
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
      const traced: TracedCall = { span };
      // A derived context, so that work that a cancellation causes belongs to the span, too.
      const inner = call.derive();
      call.signal.addEventListener('abort', () => {
        activeCall.run(traced, () => inner.cancel());
        end(span, call.isCancelledByDeadline ? status.DEADLINE_EXCEEDED : status.CANCELLED);
      });
      const outcome = await activeCall.run(traced, () => dispatch(request, inner));
      if ('response' in outcome) end(span, status.OK);
      else end(span, outcome.error.code, outcome.error);
      return outcome;
    };
  }
}

/** Does nothing if the span has ended: a caller may cancel before or after its reply. */
function end(span: Span, code: number, error?: Status): void {
  if (!span.isRecording()) return;
  const statusName = status[code] ?? 'UNKNOWN';
  span.setAttribute(ATTR_RPC_STATUS_CODE, statusName);
  const reason = error && reasonOf(error);
  if (reason !== undefined) span.setAttribute(ATTR_ERROR_REASON, reason);
  if (faults.has(code)) {
    span.setAttribute(ATTR_ERROR_TYPE, statusName);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function reasonOf({ details }: Status): string | undefined {
  const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
  return info && ErrorInfo.decode(info.value).reason;
}
