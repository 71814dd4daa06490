import { Metadata } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import type { RunningCall } from '../call-options';
import { fromGrpcError } from '../grpc-error';
import { aborted, closedError, methods, wireOf } from './transport';
import type { MethodName, RequestOf, ResponseOf, Transport } from './transport';

/** One HTTP/2 request for each call. */
export function unaryTransport(channel: Client, address: string): Transport {
  let closed = false;
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, { deadline, signal, metadata }: RunningCall) {
      const what = `${methods[method].name} at ${address}`;
      if (closed) throw closedError(what);
      if (signal?.aborted) throw aborted(what, signal);
      let cancel = () => {};
      const answer = new Promise<ResponseOf<M>>((resolve, reject) => {
        const { path, serialize, deserialize } = wireOf(method);
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

function metadataOf(entries: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}
