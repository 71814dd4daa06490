import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { grpcFrame } from '../sides/raw-http2';
import type { Assault } from './attack';

export type Connection = () => ClientHttp2Session;

export interface ConnectionOptions {
  /** The flow-control window of each stream in bytes. 0 means that no reply is ever read. Default: that of HTTP/2. */
  readonly windowBytes?: number;
}

/** An HTTP/2 connection that is opened at its first use, and replaced if it is lost. */
export function reconnecting(assault: Assault, address: string, options: ConnectionOptions = {}): Connection {
  const { windowBytes } = options;
  let session: ClientHttp2Session | undefined;
  return () => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`http://${address}`, {
        ...(windowBytes !== undefined && { settings: { initialWindowSize: windowBytes } }),
        // In megabytes. The default would limit thousands of streams with large requests.
        maxSessionMemory: 2000,
      });
      session.on('error', () => undefined);
      assault.own(session);
    }
    return session;
  };
}

/** Opens a gRPC call. Ignores errors: the outcome is known from other events. */
export function openCall(connection: Connection, path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const stream = connection().request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    ...headers,
  });
  return stream.on('error', () => undefined);
}

export function cancel(stream: ClientHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
}

/** The name of the call's gRPC status; `undefined` if it ended without one. */
export function statusOf(stream: ClientHttp2Stream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let code: unknown;
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      code ??= headers['grpc-status'];
    };
    stream.on('response', take).on('trailers', take);
    stream.on('close', () => resolve(code === undefined ? undefined : status[Number(code)]));
  });
}

/** Makes a call, drops its reply, and returns the name of its status; `undefined` if it ended without one. */
export function unary(
  connection: Connection,
  path: string,
  frame: Buffer,
  headers?: OutgoingHttpHeaders,
): Promise<string | undefined> {
  const stream = openCall(connection, path, headers);
  const outcome = statusOf(stream);
  stream.resume().end(frame);
  return outcome;
}

/** Calls `take` with each message of a stream. */
export function onMessages(stream: ClientHttp2Stream, take: (message: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      take(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  });
}

/** A message whose field 1 is repeated with empty messages of two bytes each. @param bytes its length */
export function emptyMessages(bytes: number): Buffer {
  return grpcFrame(Buffer.alloc(bytes, Buffer.of(0x0a, 0x00)));
}
