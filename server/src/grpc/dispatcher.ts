import { status } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { invalidArgument } from '../session/errors';
import type { Calls } from './calls';
import type { Handlers, MethodName } from './handlers';
import { toStatus } from './status';

export interface RpcObserver {
  /** @returns what to call with the name of the status when the call has ended. */
  rpcStarted(method: string): (status: string) => void;
}

export interface DispatcherParts {
  readonly handlers: Handlers;
  readonly calls: Calls;
  readonly observer: RpcObserver;
  readonly logger: Logger;
}

/** Whoever waits for an answer, by whatever transport. */
export class Caller {
  /** What to do when it stops waiting. */
  onLeave: (() => void) | undefined;
  #isGone = false;

  /** @param deadline until when it waits, in milliseconds since 1970 */
  constructor(readonly deadline: number) {}

  get isGone(): boolean {
    return this.#isGone;
  }

  get isOverdue(): boolean {
    return Date.now() >= this.deadline;
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
    const handle = handlers[key] as (request: unknown) => Promise<unknown>;

    const answer = async (bytes: Uint8Array): Promise<Buffer> => {
      const encoded = responseType.encode(await handle(decode(requestType, bytes))).finish();
      return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    };

    return async (bytes, caller) => {
      const observed = observer.rpcStarted(name);
      // A request whose end came after the deadline still gets here.
      if (caller.isOverdue) {
        observed('DEADLINE_EXCEEDED');
        return { error: overdue };
      }
      try {
        calls.start();
      } catch (error) {
        const refusal = toStatus(error, name, logger);
        observed(nameOf(refusal));
        return { error: refusal };
      }
      let underWay = true;
      const end = (statusName: string): void => {
        if (!underWay) return;
        underWay = false;
        calls.finish();
        observed(statusName);
      };
      // Nobody waits for the answer any more, so a stopping sidecar need not either.
      caller.onLeave = () => {
        end(caller.isOverdue ? 'DEADLINE_EXCEEDED' : 'CANCELLED');
      };
      try {
        const response = await answer(bytes);
        end('OK');
        return { response };
      } catch (error) {
        const failure = toStatus(error, name, logger);
        end(nameOf(failure));
        return { error: failure };
      }
    };
  }
}

function nameOf({ code }: Status): string {
  return status[code] ?? 'UNKNOWN';
}

interface AnyMethod {
  readonly name: string;
  readonly requestType: { decode(bytes: Uint8Array): unknown };
  readonly responseType: { encode(message: unknown): { finish(): Uint8Array } };
}

const overdue: Status = { code: status.DEADLINE_EXCEEDED, message: 'Deadline exceeded', details: [] };

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
