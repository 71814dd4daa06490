import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { SessionClient } from '@session-sidecar/client';
import { GetSessionRequest, SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { runAll } from '../closed-loop';
import { shopSession } from '../shop';
import type { Shop } from '../shop';
import type { Target } from '../target';
import type { Side } from './side';

const { path } = SessionServiceService.getSession;

/** The length of a token. The echo server accepts any text. */
const tokenBytes = 51;

/**
 * Sends unary GetSession calls directly over HTTP/2, because a grpc-js client costs several times as much as the server and could
 * not keep it busy. Measures the server, not itself.
 *
 * @param issued whether to use tokens of real sessions
 */
export async function rawHttp2Side({ address }: Target, issued: boolean): Promise<Side> {
  const connection = connect(`http://${address}`);
  await once(connection, 'connect');
  const frames: Buffer[] = [];

  return {
    async fill(count, size) {
      const client = new SessionClient<Shop>({ address, timeoutMs: 10_000 });
      await runAll(count, async (n) => {
        let token = randomBytes(tokenBytes).toString('base64url');
        if (issued) {
          const session = client.create();
          session.update(shopSession(n, size));
          await session.save();
          token = session.token!;
        }
        frames[n] = grpcFrame(GetSessionRequest.encode({ token }).finish());
      });
      client.close();
    },
    read: (n) => call(connection, frames[n]!),
    write() {
      throw new Error('The capacity sides support reads only.');
    },
    async close() {
      connection.close();
      await once(connection, 'close');
    },
  };
}

function call(connection: ClientHttp2Session, frame: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = connection.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      status ??= headers['grpc-status'];
    };
    stream.on('response', take).on('trailers', take).on('error', reject).resume();
    stream.on('close', () => {
      if (status === '0') resolve();
      else reject(new Error(`GetSession ended with gRPC status ${String(status)}.`));
    });
    stream.end(frame);
  });
}

/** An uncompressed message with its prefix: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
