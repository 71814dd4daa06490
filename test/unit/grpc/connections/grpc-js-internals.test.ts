import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ServerHttp2Session } from 'node:http2';
import { Client, credentials, Metadata, Server } from '@grpc/grpc-js';
import type { ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  http2StreamOf,
  injectConnections,
  readOneAhead,
} from '../../../../server/src/grpc/connections/grpc-js-internals';
import type { OutgoingMessage } from '../../../../server/src/grpc/connections/grpc-js-internals';
import { until } from '../../../support/poll';

/** When one of these fails, grpc-js has changed, and connections/grpc-js-internals.ts has to follow. */
describe('the internals of grpc-js that the server uses', () => {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const method = (path: string, streams: boolean) => ({
    ...{ path, requestStream: streams, responseStream: streams },
    ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
  });

  let server: Server;
  let client: Client;
  let close: () => void;
  const seen: { sessions: ServerHttp2Session[]; injecting: boolean[]; paths: unknown[]; streams: unknown[] } = {
    ...{ sessions: [], injecting: [], paths: [], streams: [] },
  };
  let frames = 0;

  beforeEach(async () => {
    server = new Server({ 'grpc.enable_channelz': 0 });
    server.addService(
      {
        unary: method('/test/Unary', false),
        message: method('/test/Message', false),
        stream: method('/test/Stream', true),
      },
      {
        unary: (call: ServerUnaryCall<Buffer, Buffer>, answer: (error: null, response: Buffer) => void) => {
          seen.streams.push(http2StreamOf(call).session);
          answer(null, call.request);
        },
        message: (_call: unknown, answer: (error: null, response: OutgoingMessage) => void) => {
          // Nothing of a Buffer but what grpc-js is known to use.
          answer(null, { byteLength: 5, copy: (target, offset) => void target.write('hello', offset) });
        },
        stream: (stream: ServerDuplexStream<Buffer, Buffer>) => {
          seen.streams.push(http2StreamOf(stream).session);
          readOneAhead(stream);
          stream.on('data', () => {
            frames += 1;
            stream.pause();
          });
          stream.on('error', () => undefined);
        },
      },
    );
    let injecting = false;
    const inject = injectConnections(
      server,
      { settings: { maxConcurrentStreams: 77 } },
      {
        onSession: (session) => {
          seen.injecting.push(injecting);
          seen.sessions.push(session);
        },
        onStream: (serve, stream, headers, ...rest) => {
          seen.paths.push(headers[':path']);
          serve(stream, headers, ...rest);
        },
      },
    );
    // In the way of connections.ts: what came by then is not lost.
    const listener = createServer((socket) => {
      socket.once('readable', () => {
        injecting = true;
        inject(socket);
        injecting = false;
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    client = new Client(`127.0.0.1:${(listener.address() as AddressInfo).port}`, credentials.createInsecure());
    close = () => {
      client.close();
      listener.close();
      for (const session of seen.sessions) session.destroy();
      server.forceShutdown();
    };
  });

  afterEach(() => close());

  test('connections that are injected, their sessions, their streams and the settings they receive', async () => {
    const answer = await new Promise((resolve, reject) =>
      client.makeUnaryRequest('/test/Unary', asIs, asIs, Buffer.from('hello'), new Metadata(), {}, (error, response) =>
        error === null ? resolve(response) : reject(error),
      ),
    );
    expect(answer).toEqual(Buffer.from('hello'));
    expect(seen.injecting).toEqual([true]);
    expect(seen.paths).toEqual(['/test/Unary']);
    expect(seen.streams[0] === seen.sessions[0]).toBe(true);
    expect(seen.sessions[0]!.localSettings.maxConcurrentStreams).toBe(77);
  });

  test('what is done with an encoded response: its length is taken, and it is copied', async () => {
    const answer = await new Promise((resolve, reject) =>
      client.makeUnaryRequest('/test/Message', asIs, asIs, Buffer.alloc(0), new Metadata(), {}, (error, response) =>
        error === null ? resolve(response) : reject(error),
      ),
    );
    expect(answer).toEqual(Buffer.from('hello'));
  });

  test('how many messages are read ahead of those that were taken', async () => {
    const stream = client.makeBidiStreamRequest('/test/Stream', asIs, asIs, new Metadata());
    stream.on('error', () => undefined);
    let accepted = 0;
    for (let message = 0; message < 12; message++) stream.write(Buffer.alloc(1024 * 1024), () => (accepted += 1));
    await until('the first message', () => frames === 1);
    let before = -1;
    await until('the server to read no more', () => {
      const stopped = accepted === before;
      before = accepted;
      return stopped;
    });
    expect(frames).toBe(1);
    expect(accepted).toBeLessThan(6);
    stream.cancel();
  });
});
