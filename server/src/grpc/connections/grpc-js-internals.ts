import type {
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
  ServerOptions,
} from 'node:http2';
import type { Socket } from 'node:net';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server, ServerDuplexStream, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';

/*
 * The only place that uses internals of grpc-js. Its interface exposes neither the HTTP/2 connections nor the streams below its
 * calls, and without these nothing can be bounded before grpc-js has spent memory on it. If a later version has other internals,
 * the functions here throw at start-up, and test/unit/grpc/connections/grpc-js-internals.test.ts fails.
 */

export type StreamHandler = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

export interface Http2Hooks {
  readonly onSession: (session: ServerHttp2Session) => void;
  /** Gets every stream before grpc-js, which gets those that are passed to `serve`. */
  readonly onStream: (serve: StreamHandler, ...stream: Parameters<StreamHandler>) => void;
}

interface ServerInsides {
  /** Passed to `http2.createServer`. */
  commonServerOptions?: ServerOptions;
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

/** @returns a function that synchronously turns a socket into a gRPC connection */
export function injectConnections(
  server: Server,
  options: ServerOptions,
  { onSession, onStream }: Http2Hooks,
): (socket: Socket) => void {
  const insides = server as unknown as ServerInsides;
  insides.commonServerOptions = { ...known(insides.commonServerOptions), ...options };
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const [http2Server] = known(insides.http2Servers).keys();
  const [serve, ...others] = known(http2Server).listeners('stream') as StreamHandler[];
  if (others.length > 0) throw changed();
  const handler = known(serve);
  known(http2Server).removeAllListeners('stream');
  known(http2Server).on('session', onSession);
  known(http2Server).on('stream', (...stream: Parameters<StreamHandler>) => onStream(handler, ...stream));
  return (socket) => injector.injectConnection(socket);
}

interface CallInsides {
  readonly call?: { readonly stream?: ServerHttp2Stream };
}

/**
 * All that grpc-js does with an encoded response: it asks for its length, and has it copied behind the five bytes that come first.
 * A Buffer is one.
 */
export interface OutgoingMessage {
  readonly byteLength: number;
  copy(target: Buffer, offset: number): void;
}

/** The stream of HTTP/2 that a call came on. */
export function http2StreamOf(
  call:
    | ServerUnaryCall<Buffer, Buffer>
    | ServerDuplexStream<Buffer, OutgoingMessage>
    | ServerWritableStream<never, never>,
): ServerHttp2Stream {
  return known((call as CallInsides).call?.stream);
}

/** Reads one message ahead of those that were taken, not the 16 that are the default of Node.js, whatever their size. */
export function readOneAhead(stream: ServerDuplexStream<Buffer, OutgoingMessage>): void {
  const state = (stream as { _readableState?: { highWaterMark: number } })._readableState;
  known(state).highWaterMark = 1;
}

function known<T>(part: T | undefined): T {
  if (part === undefined) throw changed();
  return part;
}

function changed(): Error {
  return new Error('This version of @grpc/grpc-js is not supported: its internals have changed.');
}
