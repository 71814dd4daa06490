import type { Socket } from 'node:net';
import { ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { ConnectionMonitor } from './connection-monitor';
import { pingUntilGoaway } from './grpc-js-internals';

type CreateSecureConnector = ChannelCredentials['_createSecureConnector'];

/**
 * Plaintext, like `credentials.createInsecure()`, and reports each socket to a monitor: grpc-js gives no other access to its
 * sockets. The methods with an underscore are the contract between its credentials and channels.
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

  /** Channels with equal credentials share connections, which must not happen here. */
  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...args: Parameters<CreateSecureConnector>): ReturnType<CreateSecureConnector> {
    const connector = this.#plaintext._createSecureConnector(...args);
    return pingUntilGoaway({
      ...connector,
      // The first step of each attempt to connect.
      waitForReady: () => {
        this.#monitor.connecting();
        return connector.waitForReady();
      },
      connect: (socket: Socket) => {
        this.#monitor.connected(socket);
        return connector.connect(socket);
      },
    });
  }
}
