import { Metadata } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { WatchSessionsRequest, WatchSessionsResponse } from '@session-sidecar/proto/session/v1/session_service';
import { fromGrpcError } from '../errors/from-grpc';
import type { SessionError } from '../errors/session-error';
import type { ApiToken } from './api-token';
import { LateMetadataCredentials } from './call-credentials';
import { aborted, clientClosed, streamLost } from './call-errors';
import type { Channel } from './channel';
import { watchCodec } from './method-codec';

export interface WatchTransport {
  readonly channel: Channel;
  readonly address: string;
  readonly apiToken: ApiToken | undefined;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
}

/**
 * One WatchSessions call. It waits for a connection, and ends when the sidecar stops answering.
 *
 * @throws SessionError at its end, whatever the reason
 */
export async function* watchStream(
  { channel, address, apiToken, closed }: WatchTransport,
  request: WatchSessionsRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchSessionsResponse, never> {
  const description = `WatchSessions at ${address}`;
  const { path, serialize, deserialize } = watchCodec;
  const connection = channel.connection();
  let stream: ClientReadableStream<WatchSessionsResponse> | undefined;
  const cancel = (): void => stream?.cancel();
  const streamClosed = connection.streamOpened(cancel);
  for (const each of [signal, closed]) each?.addEventListener('abort', cancel, { once: true });
  try {
    throwIfEnded();
    const metadata = new Metadata({ waitForReady: true });
    const credentials = apiToken && { credentials: new LateMetadataCredentials({ apiToken }) };
    stream = connection.client.makeServerStreamRequest(path, serialize, deserialize, request, metadata, credentials);
    yield* stream as AsyncIterable<WatchSessionsResponse>;
    throwIfEnded();
    throw streamLost(undefined, description);
  } catch (error) {
    throwIfEnded();
    const failure = failureOf(error, description);
    if (failure.code === 'DRAINING') connection.retire();
    throw failure;
  } finally {
    for (const each of [signal, closed]) each?.removeEventListener('abort', cancel);
    stream?.cancel();
    streamClosed();
  }

  function throwIfEnded(): void {
    if (signal?.aborted) throw aborted(description, signal);
    if (closed.aborted) throw clientClosed(description);
  }
}

/** The stream is cancelled only by the client itself, or because the sidecar is silent. */
function failureOf(error: unknown, description: string): SessionError {
  const { code } = error as Partial<ServiceError>;
  if (typeof code !== 'number') return error as SessionError;
  const failure = fromGrpcError(error as ServiceError, description);
  return failure.code === 'CANCELLED' ? streamLost(error as ServiceError, description) : failure;
}
