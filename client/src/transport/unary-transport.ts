import { connectivityState, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { RunningCall } from './call-options';
import type { SessionError } from '../errors/session-error';
import { fromGrpcError } from '../errors/from-grpc';
import type { ApiToken } from './api-token';
import { LateMetadataCredentials } from './call-credentials';
import { aborted, clientClosed, deadlineExceeded, streamLost } from './call-errors';
import type { Channel, Connection } from './channel';
import { codecOf } from './method-codec';
import { isIdempotent, methods } from './transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from './transport';

/** One HTTP/2 request for each call. While there is no connection, calls wait for one until their deadline. */
export function unaryTransport(channel: Channel, address: string, apiToken?: ApiToken): Transport {
  let closed = false;
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall) {
      const what = `${methods[method].name} at ${address}`;
      const { deadline, signal } = options;
      let isOverdue = performance.now() >= deadline;
      let noConnection: ServiceError | undefined;
      /** What ends the call whatever became of its attempts. */
      const ending = (hasLeft: boolean): SessionError | undefined => {
        if (signal?.aborted) return aborted(what, signal);
        if (isOverdue) return noConnection && !hasLeft ? streamLost(noConnection, what) : deadlineExceeded(what);
        return closed && !hasLeft ? clientClosed(what) : undefined;
      };
      const endedBefore = ending(false);
      if (endedBefore) throw endedBefore;

      let attempt: Attempt<ResponseOf<M>>;
      const onAbort = (): void => attempt.cancel();
      const onDeadline = (): void => {
        isOverdue = true;
        attempt.cancel();
      };
      // Of our own: grpc-js would take the deadline by the wall clock.
      const timer = setTimeout(onDeadline, Math.ceil(deadline - performance.now()));
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        for (;;) {
          const connection = channel.connection();
          // Where there is no connection, the first attempt does not wait for one, because only one that fails knows why.
          const waitForReady = noConnection !== undefined || isConnected(connection);
          attempt = startAttempt(connection, method, request, { ...options, apiToken, waitForReady });
          try {
            return await attempt.response;
          } catch (caught) {
            const error = caught as ServiceError;
            const hasLeft = attempt.hasLeft();
            const ended = ending(hasLeft);
            if (ended) throw ended;
            if (attempt.wasGivenUp()) {
              if (hasLeft) throw streamLost(undefined, what);
              continue;
            }
            if (hasLeft || error.code !== status.UNAVAILABLE) throw failureOf(error, connection);
            noConnection = error;
          }
        }
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      }

      function failureOf(error: ServiceError, connection: Connection): SessionError {
        const failure = fromGrpcError(error, what);
        if (failure.code === 'DRAINING') connection.retire();
        return failure;
      }
    },

    close() {
      closed = true;
      channel.close();
    },
  };
}

function isConnected({ client }: Connection): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY;
}

interface Attempt<Response> {
  readonly response: Promise<Response>;
  /** Whether the sidecar may have got the request. */
  hasLeft(): boolean;
  /** Whether it ended because the sidecar stopped to answer, and can be made again over another connection. */
  wasGivenUp(): boolean;
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
  let left = false;
  let givenUp = false;
  let cancel = (): void => {};
  const credentials = new LateMetadataCredentials({
    deadline,
    // gRPC takes only one.
    apiToken: metadata?.['authorization'] === undefined ? apiToken : undefined,
    onSend: () => (left = true),
  });
  const response = new Promise<ResponseOf<M>>((resolve, reject) => {
    const { path, serialize, deserialize } = codecOf(method);
    const streamClosed = connection.streamOpened(() => {
      if (left && !isIdempotent(method)) return;
      givenUp = true;
      cancel();
    });
    const call = connection.client.makeUnaryRequest(
      path,
      serialize,
      deserialize,
      request,
      metadataOf(metadata, waitForReady),
      { credentials },
      (error, answer) => {
        streamClosed();
        if (error) reject(error);
        else resolve(answer as ResponseOf<M>);
      },
    );
    cancel = () => call.cancel();
  });
  return { response, hasLeft: () => left, wasGivenUp: () => givenUp, cancel: () => cancel() };
}

function metadataOf(entries: Readonly<Record<string, string>> = {}, waitForReady: boolean): Metadata {
  const metadata = new Metadata({ waitForReady });
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}
