import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { AdminMethods } from '../../admin/admin-service';
import { draining } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import { invalidArgument, SessionError } from '../../session/errors';
import type { AdminObserver } from './admin-server';

export interface AdminCallsParts {
  readonly methods: AdminMethods;
  readonly observer: AdminObserver;
  readonly logger: Logger;
}

type UnaryCall = ServerUnaryCall<Buffer, object>;
type StreamCall = ServerWritableStream<Buffer, object>;

/** Each may scan the whole store. */
const maxCalls = 8;

/** Between two reports of progress, in ms. */
const reportMs = 100;

/** All calls of operators. */
export class AdminCalls {
  /** For grpc-js, by the names of the definition. */
  readonly implementation: Readonly<Record<string, unknown>>;
  readonly #parts: AdminCallsParts;
  readonly #open = new Set<AdminCall>();
  #isDraining = false;

  constructor(parts: AdminCallsParts) {
    this.#parts = parts;
    const { unary, streams } = parts.methods;
    this.implementation = {
      ...mapValues(unary, (run, name) => (stream: UnaryCall, answer: sendUnaryData<object>) => {
        const call = new AdminCall(stream, name, parts, (error) => answer(error));
        void this.#run(call, async () => answer(null, await run(call.request as never)));
      }),
      ...mapValues(streams, (run, name) => (stream: StreamCall) => {
        const call = new AdminCall(stream, name, parts, (error) => stream.emit('error', error));
        void this.#run(call, () => call.report(stream, run(call.request as never, call.deadline)));
      }),
    };
  }

  /** Ends all of them, because the sidecar stops. */
  end(): void {
    this.#isDraining = true;
    for (const call of this.#open) call.fail(draining());
  }

  async #run(call: AdminCall, work: () => Promise<void>): Promise<void> {
    if (this.#isDraining) return call.fail(draining());
    if (this.#open.size >= maxCalls) {
      this.#parts.observer.refused('admin_calls');
      return call.fail(tooManyCalls());
    }
    this.#open.add(call);
    try {
      await work();
      call.succeed();
    } catch (error) {
      call.fail(error);
    } finally {
      this.#open.delete(call);
    }
  }
}

class AdminCall {
  readonly #stream: UnaryCall | StreamCall;
  readonly #name: string;
  readonly #parts: AdminCallsParts;
  readonly #answer: (error: ReturnType<typeof toServiceError>) => void;
  readonly #began = performance.now();
  readonly #ended = new AbortController();

  constructor(
    stream: UnaryCall | StreamCall,
    name: string,
    parts: AdminCallsParts,
    answer: (error: ReturnType<typeof toServiceError>) => void,
  ) {
    this.#stream = stream;
    this.#name = name;
    this.#parts = parts;
    this.#answer = answer;
    stream.once('cancelled', () => this.#end('CANCELLED'));
  }

  /** @throws SessionError INVALID_ARGUMENT */
  get request(): unknown {
    try {
      return this.#method.requestDeserialize(this.#stream.request) as unknown;
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : 'unknown problem';
      throw invalidArgument([{ field: '', description: `Could not decode the request: ${problem}.` }]);
    }
  }

  /** When the caller stops waiting, by `performance.now()`; `undefined`: it does not. */
  get deadline(): number | undefined {
    const leftMs = Number(this.#stream.getDeadline()) - Date.now();
    return Number.isFinite(leftMs) ? performance.now() + leftMs : undefined;
  }

  /** Sends responses as long as there are some and the caller waits, but not each of them. */
  async report(stream: StreamCall, responses: AsyncIterable<{ readonly done: boolean }>): Promise<void> {
    const { signal } = this.#ended;
    let sentAt = -Infinity;
    for await (const response of responses) {
      if (signal.aborted) return;
      if (!response.done && performance.now() - sentAt < reportMs) continue;
      sentAt = performance.now();
      if (!stream.write(response)) await once(stream, 'drain', { signal });
    }
    stream.end();
  }

  succeed(): void {
    this.#end('OK');
  }

  fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    const failure = toServiceError(toStatus(error, this.#rpc, this.#parts.logger));
    this.#end(status[failure.code] ?? 'UNKNOWN');
    this.#answer(failure);
  }

  #end(statusName: string): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    const { observer, logger } = this.#parts;
    observer.adminCallEnded(this.#rpc, statusName);
    const durationMs = Math.round(performance.now() - this.#began);
    logger.info({ method: this.#rpc, status: statusName, durationMs }, 'administration call');
  }

  get #method() {
    return this.#parts.methods.definition[this.#name]!;
  }

  get #rpc(): string {
    const { path } = this.#method;
    return path.slice(path.lastIndexOf('/') + 1);
  }
}

function tooManyCalls(): SessionError {
  return new SessionError(
    'OVERLOADED',
    `More than ${maxCalls} administration calls are in flight. The call was not started.`,
  );
}

function mapValues<Value, Mapped>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
