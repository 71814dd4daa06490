import { status } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { invalidArgument } from '../session/errors';
import type { Calls } from './calls';
import { encode } from './encoding';
import type { Encodable } from './encoding';
import type { Handlers, MethodName } from './handlers';
import { toStatus } from './status';

export interface RpcObserver {
  rpcStarted(): void;
  /** @param status its name, as gRPC spells it */
  rpcEnded(method: string, status: string, milliseconds: number): void;
}

export interface DispatcherParts {
  readonly handlers: Handlers;
  readonly calls: Calls;
  readonly observer: RpcObserver;
  readonly logger: Logger;
}

/** What a caller sent along, by names in lower case: the metadata of gRPC, or what a pipeline has in its place. */
export interface CallerMetadata {
  get(name: string): unknown;
}

/** Whoever waits for an answer, by whatever transport. */
export class Caller {
  /** What to do when it stops waiting. */
  onLeave: (() => void) | undefined;
  #isGone = false;

  /** @param deadline until when it waits, by `performance.now()`; Infinity: for as long as it takes */
  constructor(
    readonly deadline: number,
    readonly metadata: CallerMetadata,
  ) {}

  get isGone(): boolean {
    return this.#isGone;
  }

  get isOverdue(): boolean {
    return performance.now() >= this.deadline;
  }

  /** It has stopped waiting. */
  leave(): void {
    this.#isGone = true;
    this.onLeave?.();
  }
}

/** An encoded response, or what the call failed with. */
export type Outcome = { readonly response: Buffer } | { readonly error: Status };

/** One RPC of {@link MethodName}, from bytes to bytes. Never rejects. */
export type Dispatch = (request: Uint8Array, caller: Caller) => Promise<Outcome>;

/** The one table of RPCs, by name, that serves every transport: counting, draining and failing around the handlers. */
export function createDispatchers({
  handlers,
  calls,
  observer,
  logger,
}: DispatcherParts): ReadonlyMap<string, Dispatch> {
  const names = Object.keys(handlers) as MethodName[];
  return new Map(names.map((name) => [SessionServiceDefinition.methods[name].name, dispatcherOf(name)]));

  function dispatcherOf(key: MethodName): Dispatch {
    const { name, requestType, responseType } = SessionServiceDefinition.methods[key] as unknown as AnyMethod;
    const handle = handlers[key] as (request: unknown, deadline: number) => Promise<unknown>;

    return async (bytes, caller) => {
      const began = performance.now();
      let underWay = true;
      const end = (statusName: string): void => {
        if (!underWay) return;
        underWay = false;
        calls.finish();
        observer.rpcEnded(name, statusName, performance.now() - began);
      };
      const fail = (error: Status): Outcome => {
        end(status[error.code] ?? 'UNKNOWN');
        return { error };
      };
      // Nobody waits for the answer any more, so a stopping sidecar need not either.
      caller.onLeave = () => {
        end(caller.isOverdue ? 'DEADLINE_EXCEEDED' : 'CANCELLED');
      };
      calls.start();
      observer.rpcStarted();
      try {
        // A request whose end came after the deadline still gets here.
        if (caller.isOverdue) return fail(overdue);
        calls.refuseWhenDraining();
        const response = encode(responseType, await handle(decode(requestType, bytes), caller.deadline));
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
  readonly requestType: { decode(bytes: Uint8Array): unknown };
  readonly responseType: Encodable<unknown>;
}

export const overdue: Status = { code: status.DEADLINE_EXCEEDED, message: 'Deadline exceeded', details: [] };

function decode(type: AnyMethod['requestType'], bytes: Uint8Array): unknown {
  try {
    return type.decode(bytes);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unknown problem';
    throw invalidArgument([
      { field: '', description: `Expected an encoded message, got bytes that are none: ${problem}.` },
    ]);
  }
}
