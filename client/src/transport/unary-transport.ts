import { connectivityState, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { fromGrpcError } from '../errors/from-grpc';
import type { SessionError } from '../errors/session-error';
import type { ApiToken } from './api-token';
import { LateMetadataCredentials } from './call-credentials';
import { aborted, clientClosed, deadlineExceeded, streamLost } from './call-errors';
import type { RunningCall } from './call-options';
import type { Channel, Connection } from './channel';
import { codecOf } from './method-codec';
import { isIdempotent, methods } from './transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from './transport';

/** One HTTP/2 request per call. While there is no connection, calls wait for one until their deadline. */
export function unaryTransport(channel: Channel, address: string, apiToken?: ApiToken): Transport {
  let closed = false;
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall) {
      const description = `${methods[method].name} at ${address}`;
      const { deadline, signal } = options;
      let isOverdue = performance.now() >= deadline;
      let noConnection: ServiceError | undefined;
      /** Ends the call whatever the outcome of its attempts. */
      const ending = ({ wasSent }: { readonly wasSent: boolean }): SessionError | undefined => {
        if (signal?.aborted) return aborted(description, signal);
        if (isOverdue)
          return noConnection && !wasSent ? streamLost(noConnection, description) : deadlineExceeded(description);
        return closed && !wasSent ? clientClosed(description) : undefined;
      };
      const endedBefore = ending({ wasSent: false });
      if (endedBefore) throw endedBefore;

      let attempt: Attempt<ResponseOf<M>>;
      const onAbort = (): void => attempt.cancel();
      const onDeadline = (): void => {
        isOverdue = true;
        attempt.cancel();
      };
      // Not grpc-js's deadline, which is by the wall clock.
      const timer = setTimeout(onDeadline, Math.ceil(deadline - performance.now()));
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        for (;;) {
          const connection = channel.connection();
          // Without a connection, the first attempt does not wait for one: only an attempt that fails reports the reason.
          const waitForReady = noConnection !== undefined || isConnected(connection);
          attempt = startAttempt(connection, method, request, { ...options, apiToken, waitForReady });
          try {
            return await attempt.response;
          } catch (caught) {
            const error = caught as ServiceError;
            const wasSent = attempt.wasSent();
            const ended = ending({ wasSent });
            if (ended) throw ended;
            if (attempt.wasAbandoned()) {
              if (wasSent) throw streamLost(undefined, description);
              continue;
            }
            if (wasSent || error.code !== status.UNAVAILABLE) throw failureOf(error, connection);
            noConnection = error;
          }
        }
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      }

      function failureOf(error: ServiceError, connection: Connection): SessionError {
        const failure = fromGrpcError(error, description);
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
    const streamClosed = connection.streamOpened(() => {
      if (sent && !isIdempotent(method)) return;
      abandoned = true;
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
  return { response, wasSent: () => sent, wasAbandoned: () => abandoned, cancel: () => cancel() };
}

function metadataOf(entries: Readonly<Record<string, string>> = {}, waitForReady: boolean): Metadata {
  const metadata = new Metadata({ waitForReady });
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}
