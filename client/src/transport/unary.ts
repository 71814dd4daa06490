import { Metadata } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import type { RunningCall } from '../call-options';
import { SessionError } from '../errors';
import { fromGrpcError } from '../grpc-error';
import { methods } from './transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from './transport';

/** One HTTP/2 request for each call. */
export function unaryTransport(channel: Client, address: string): Transport {
  let closed = false;
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, { deadline, signal, metadata }: RunningCall) {
      const what = `${methods[method].name} at ${address}`;
      if (closed) throw new SessionError('CANCELLED', `${what} was not sent: the SessionClient is closed.`);
      if (signal?.aborted) throw aborted(what, signal);
      let cancel = () => {};
      const answer = new Promise<ResponseOf<M>>((resolve, reject) => {
        const { path, serialize, deserialize } = wire(method);
        const call = channel.makeUnaryRequest(
          path,
          serialize,
          deserialize,
          request,
          metadataOf(metadata),
          { deadline },
          (error, response) => (error ? reject(error) : resolve(response as ResponseOf<M>)),
        );
        cancel = () => call.cancel();
      });
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        return await answer;
      } catch (error) {
        throw signal?.aborted ? aborted(what, signal) : fromGrpcError(error as ServiceError, what);
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },

    close() {
      closed = true;
      channel.close();
    },
  };
}

function aborted(what: string, signal: AbortSignal): SessionError {
  return new SessionError('CANCELLED', `${what} was given up: its signal was aborted.`, { cause: signal.reason });
}

function metadataOf(entries: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}

interface Wire<M extends MethodName> {
  readonly path: string;
  readonly serialize: (request: RequestOf<M>) => Buffer;
  readonly deserialize: (bytes: Buffer) => ResponseOf<M>;
}

function wire<M extends MethodName>(method: M): Wire<M> {
  // Each definition fits itself; TypeScript cannot see that through a union of all of them.
  const definition = methods[method] as unknown as {
    name: string;
    requestType: { encode(message: RequestOf<M>): { finish(): Uint8Array } };
    responseType: { decode(bytes: Uint8Array): ResponseOf<M> };
  };
  return {
    path: `/${SessionServiceDefinition.fullName}/${definition.name}`,
    serialize(request) {
      const bytes = definition.requestType.encode(request).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    deserialize: (bytes) => definition.responseType.decode(bytes),
  };
}
