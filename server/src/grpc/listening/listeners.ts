import { setTimeout as delay } from 'node:timers/promises';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { variable } from '../../setting-names';
import type { SettingId } from '../../setting-names';
import { AddressInUseError, formatAddress, ListenError } from './address';
import type { GrpcAddress } from './address';
import type { Listener } from './listener';
import { listenOnTcp } from './tcp-listener';
import { listenOnUnixSocket } from './unix-listener';
import type { SocketAccess } from './unix-listener';

export interface ListeningOptions {
  readonly addresses: readonly GrpcAddress[];
  readonly socketAccess: SocketAccess;
  /** How long to wait, in ms, for another process to stop listening on an address. */
  readonly waitMs: number;
  readonly logger: Logger;
  readonly onSocket: (socket: Socket) => void;
  /** The setting that a problem is about, if it is not the one of the server for applications. */
  readonly nameOf?: ((setting: SettingId) => SettingId) | undefined;
}

export interface Listeners {
  /** As clients write them. */
  readonly addresses: readonly string[];
  stop(): void;
}

/** The system usually limits it to 4,096. */
const backlog = 511;

/** A stopping process closes its listener first, so nothing listens for at most this long. */
const retryMs = 5;

/** Listens on all addresses, or on none. @throws ListenError */
export async function openListeners({ addresses, nameOf, ...options }: ListeningOptions): Promise<Listeners> {
  const opened: Listener[] = [];
  const stop = (): void => {
    for (const listener of opened) listener.stop();
  };
  try {
    for (const address of addresses) opened.push(await openWhenFree(address, options));
  } catch (error) {
    stop();
    throw nameOf !== undefined && error instanceof ListenError ? error.of(nameOf(error.setting)) : error;
  }
  return { addresses: opened.map(({ address }) => address), stop };
}

type ListenerOptions = Omit<ListeningOptions, 'addresses' | 'nameOf'>;

/** Waits for another process that still listens: a stopping one closes its listeners first. */
async function openWhenFree(address: GrpcAddress, options: ListenerOptions): Promise<Listener> {
  const { waitMs, logger } = options;
  const until = performance.now() + waitMs;
  let isWaiting = false;
  for (;;) {
    try {
      return await open(address, options);
    } catch (error) {
      if (!(error instanceof AddressInUseError)) throw error;
      if (performance.now() >= until) throw new ListenError(address, inUse(address), undefined, { cause: error });
    }
    if (!isWaiting) {
      const fields = { address: formatAddress(address), waitMs, setting: variable('listenTimeoutMs') };
      logger.info(fields, 'another process listens on the address, waiting for it to stop');
      isWaiting = true;
    }
    await delay(retryMs);
  }
}

function open(address: GrpcAddress, { onSocket, socketAccess }: ListenerOptions): Promise<Listener> {
  const parts = { onSocket, backlog };
  return address.kind === 'tcp' ? listenOnTcp(address, parts) : listenOnUnixSocket(address, parts, socketAccess);
}

function inUse({ kind }: GrpcAddress): string {
  return kind === 'tcp' ? 'EADDRINUSE: another process listens on it.' : 'another process listens on it.';
}
