import { status } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { Logger } from 'pino';
import { decodeBounded } from './bounded-decoding';
import type { CallContext } from './call-context';
import { encode } from './encoding';
import type { Encodable } from './encoding';
import type { Handlers, MethodName } from './handlers';
import type { InFlightCalls } from './in-flight-calls';
import type { RefusalObserver } from './refusals';
import { toStatus } from './status';
import type { FailureStatus } from './status';

export interface RpcObserver extends RefusalObserver {
  rpcStarted(): void;
  /** @param status its name, as gRPC spells it */
  rpcEnded(method: string, status: string, milliseconds: number): void;
}

export interface DispatcherParts {
  readonly handlers: Handlers;
  readonly calls: InFlightCalls;
  readonly observer: RpcObserver;
  readonly logger: Logger;
  /** Maximum number of mutations per request. */
  readonly maxMutations: number;
}

/** An encoded response, or what the call failed with. */
export type Outcome = { readonly response: Buffer } | { readonly error: FailureStatus };

/** One RPC of {@link MethodName}, from bytes to bytes. Never rejects. */
export type Dispatch = (request: Uint8Array, call: CallContext) => Promise<Outcome>;

/** The RPCs by name, for every transport: the handlers, with metrics, draining and error handling around them. */
export function createDispatchers({
  handlers,
  calls,
  observer,
  logger,
  maxMutations,
}: DispatcherParts): ReadonlyMap<string, Dispatch> {
  const names = Object.keys(handlers) as MethodName[];
  return new Map(names.map((name) => [SessionServiceDefinition.methods[name].name, dispatcherOf(name)]));

  function dispatcherOf(key: MethodName): Dispatch {
    const { name, requestType, responseType } = SessionServiceDefinition.methods[key] as unknown as AnyMethod;
    const handle = handlers[key] as (request: unknown, deadline: number) => Promise<unknown>;

    return async (bytes, call) => {
      const began = performance.now();
      let isInFlight = true;
      const end = (statusName: string): void => {
        if (!isInFlight) return;
        isInFlight = false;
        calls.finish();
        observer.rpcEnded(name, statusName, performance.now() - began);
      };
      const fail = (error: FailureStatus): Outcome => {
        // Counted as the caller sees it: its own timer has fired by now.
        end(call.deadlineExceeded ? 'DEADLINE_EXCEEDED' : (status[error.code] ?? 'UNKNOWN'));
        return { error };
      };
      // The caller no longer waits for the reply, so a stopping sidecar need not, either.
      call.onCancelled(() => end(call.isCancelledByDeadline ? 'DEADLINE_EXCEEDED' : 'CANCELLED'));
      calls.start();
      observer.rpcStarted();
      try {
        // A request that was complete only after the deadline still gets here.
        if (call.deadlineExceeded) return fail(deadlineExceeded);
        calls.refuseWhenDraining();
        const request = decodeBounded(requestType, bytes, { maxMutations, observer });
        const response = encode(responseType, await handle(request, call.changeDeadline));
        end('OK');
        return { response };
      } catch (error) {
        return fail(toStatus(error, name, logger));
      }
    };
  }
}

interface AnyMethod {
  readonly name: string;
  readonly requestType: Parameters<typeof decodeBounded>[0];
  readonly responseType: Encodable<unknown>;
}

export const deadlineExceeded: FailureStatus = {
  code: status.DEADLINE_EXCEEDED,
  message: 'Deadline exceeded',
  details: [],
};
