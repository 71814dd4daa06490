import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';

/** Far longer than any answer takes. */
const patienceMs = 10_000;

export interface ExchangeOptions {
  /** Whether the server has said by what it sent that it ended the connection. Default: it says so by ending it. */
  readonly isOver?: (received: Buffer) => boolean;
  /** Whether what was sent has arrived, so that the end of it may follow. Default: the end follows at once. */
  readonly hasArrived?: (received: Buffer) => boolean;
}

/** After what was sent has arrived, for how long work that it began may go on before the connection ends. */
const workMs = 2;
/** Not everything has its arrival confirmed. */
const unconfirmedMs = 20;

/**
 * Sends bytes over a connection of their own and the end of them, and gives what came back until the server ended the connection.
 * Fails when it does not.
 */
export function exchange(to: NetConnectOpts, bytes: Buffer, options: ExchangeOptions = {}): Promise<Buffer> {
  const { isOver = () => false, hasArrived } = options;
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const socket = connect(to);
    const end = (): void => void socket.end();
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('the connection is not ended'));
    }, patienceMs);
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      if (isOver(received)) socket.destroy();
      else if (hasArrived?.(received) === true) setTimeout(end, workMs);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
    socket.write(bytes);
    if (hasArrived === undefined) end();
    else setTimeout(end, unconfirmedMs);
  });
}
