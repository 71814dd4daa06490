import type { Socket } from 'node:net';
import { ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { ConnectionMonitor } from './connection-monitor';

type CreateSecureConnector = ChannelCredentials['_createSecureConnector'];

/**
 * Plaintext, as `credentials.createInsecure()`, with a look at each socket. grpc-js has no other way to its sockets. The methods
 * with an underscore are its contract between credentials and channels.
 */
export class WatchedCredentials extends ChannelCredentials {
  readonly #monitor: ConnectionMonitor;
  readonly #plaintext = credentials.createInsecure();

  constructor(monitor: ConnectionMonitor) {
    super();
    this.#monitor = monitor;
  }

  override _isSecure(): boolean {
    return false;
  }

  /** Channels with equal credentials would share their connections. */
  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...args: Parameters<CreateSecureConnector>): ReturnType<CreateSecureConnector> {
    const connector = this.#plaintext._createSecureConnector(...args);
    return {
      ...connector,
      // The first that happens when a connection is made.
      waitForReady: () => {
        this.#monitor.connecting();
        return connector.waitForReady();
      },
      connect: (socket: Socket) => {
        this.#monitor.connected(socket);
        return connector.connect(socket);
      },
    };
  }
}
