import { connectivityState, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { fromGrpcError } from '../errors/from-grpc';
import type { SessionError } from '../errors/session-error';
import type { ApiToken } from './api-token';
import { LateMetadataCredentials } from './call-credentials';
import { aborted, clientClosed, deadlineExceeded, streamLost } from './call-errors';
import type { RunningCall } from './call-options';
import type { Channel, Connection } from './channel';
import { freeMessage } from './message-memory';
import { codecOf } from './method-codec';
import { isIdempotent, methods } from './transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from './transport';

/** One HTTP/2 request per call. While there is no connection, calls wait for one until their deadline. */
export function unaryTransport(channel: Channel, address: string, apiToken?: ApiToken): Transport {
  let closed = false;
  const context: UnaryContext = { channel, address, apiToken, isClosed: () => closed };
  return {
    call: (method, request, options) => new UnaryCall(context, method, request, options).run(),

    close() {
      closed = true;
      channel.close();
    },
  };
}

interface UnaryContext {
  readonly channel: Channel;
  readonly address: string;
  readonly apiToken: ApiToken | undefined;
  readonly isClosed: () => boolean;
}

/** One call, from its first attempt to its outcome. */
class UnaryCall<M extends MethodName> {
  readonly #context: UnaryContext;
  readonly #method: M;
  readonly #request: RequestOf<M>;
  readonly #options: RunningCall;
  readonly #description: string;
  #isOverdue: boolean;
  /** Why the last attempt found no connection. */
  #noConnection: ServiceError | undefined;
  #attempt: Attempt<ResponseOf<M>> | undefined;

  constructor(context: UnaryContext, method: M, request: RequestOf<M>, options: RunningCall) {
    this.#context = context;
    this.#method = method;
    this.#request = request;
    this.#options = options;
    this.#description = `${methods[method].name} at ${context.address}`;
    this.#isOverdue = performance.now() >= options.deadline;
  }

  async run(): Promise<ResponseOf<M>> {
    const { deadline, signal } = this.#options;
    this.#throwIfEnded({ wasSent: false });
    const onAbort = (): void => this.#attempt?.cancel();
    const onDeadline = (): void => {
      this.#isOverdue = true;
      this.#attempt?.cancel();
    };
    // Not grpc-js's deadline, which is by the wall clock.
    const timer = setTimeout(onDeadline, Math.ceil(deadline - performance.now()));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const response = await this.#tryOnce();
        if (response !== undefined) return response;
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** @returns the response; `undefined` if the call must be attempted again */
  async #tryOnce(): Promise<ResponseOf<M> | undefined> {
    const { channel, apiToken } = this.#context;
    const connection = channel.connection();
    // Without a connection, the first attempt does not wait for one: only an attempt that fails reports the reason.
    const waitForReady = this.#noConnection !== undefined || isConnected(connection);
    const attempt = startAttempt(connection, this.#method, this.#request, { ...this.#options, apiToken, waitForReady });
    this.#attempt = attempt;
    try {
      return await attempt.response;
    } catch (caught) {
      const error = caught as ServiceError;
      const wasSent = attempt.wasSent();
      this.#throwIfEnded({ wasSent });
      if (attempt.wasAbandoned()) {
        if (wasSent) throw streamLost(undefined, this.#description);
        return undefined;
      }
      if (wasSent || error.code !== status.UNAVAILABLE) throw this.#failureOf(error, connection);
      this.#noConnection = error;
      return undefined;
    }
  }

  /** Ends the call whatever the outcome of its attempts. */
  #throwIfEnded({ wasSent }: { readonly wasSent: boolean }): void {
    const { signal } = this.#options;
    if (signal?.aborted) throw aborted(this.#description, signal);
    if (this.#isOverdue) {
      throw this.#noConnection && !wasSent
        ? streamLost(this.#noConnection, this.#description)
        : deadlineExceeded(this.#description);
    }
    if (this.#context.isClosed() && !wasSent) throw clientClosed(this.#description);
  }

  #failureOf(error: ServiceError, connection: Connection): SessionError {
    const failure = fromGrpcError(error, this.#description);
    if (failure.code === 'DRAINING') connection.retire();
    return failure;
  }
}

function isConnected({ client }: Connection): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY;
}

interface Attempt<Response> {
  readonly response: Promise<Response>;
  /** Whether the sidecar may have received the request. */
  wasSent(): boolean;
  /** Whether it was cancelled because the sidecar stopped answering, and may be repeated over another connection. */
  wasAbandoned(): boolean;
  cancel(): void;
}

interface AttemptOptions extends RunningCall {
  readonly apiToken: ApiToken | undefined;
  readonly waitForReady: boolean;
}

function startAttempt<M extends MethodName>(
  connection: Connection,
  method: M,
  request: RequestOf<M>,
  { deadline, metadata, apiToken, waitForReady }: AttemptOptions,
): Attempt<ResponseOf<M>> {
  let sent = false;
  let abandoned = false;
  let cancel = (): void => {};
  const credentials = new LateMetadataCredentials({
    deadline,
    // gRPC allows only one.
    apiToken: metadata?.['authorization'] === undefined ? apiToken : undefined,
    onSend: () => (sent = true),
  });
  const response = new Promise<ResponseOf<M>>((resolve, reject) => {
    const { path, serialize, deserialize } = codecOf(method);
    const receive = (bytes: Buffer): ResponseOf<M> => {
      const reply = deserialize(bytes) as ResponseOf<M>;
      freeMessage(bytes);
      return reply;
    };
    const streamClosed = connection.streamOpened(() => {
      if (sent && !isIdempotent(method)) return;
      abandoned = true;
      cancel();
    });
    const call = connection.client.makeUnaryRequest(
      path,
      serialize,
      receive,
      request,
      metadataOf(metadata, waitForReady),
      { credentials },
      (error, answer) => {
        streamClosed();
        if (error) reject(error);
        else resolve(answer!);
      },
    );
    cancel = () => call.cancel();
  });
  return { response, wasSent: () => sent, wasAbandoned: () => abandoned, cancel: () => cancel() };
}

function metadataOf(entries: Readonly<Record<string, string>> = {}, waitForReady: boolean): Metadata {
  const metadata = new Metadata({ waitForReady });
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}
