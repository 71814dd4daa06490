import type { Socket } from 'node:net';
import { ChannelCredentials, Client, credentials } from '@grpc/grpc-js';
import { ConnectionMonitor } from './connection-monitor';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

const options = {
  // The sidecar is on the same host; an http_proxy variable meant for the internet must not catch these calls.
  'grpc.enable_http_proxy': 0,
  // Calls wait for a sidecar that is restarted. By default grpc-js tries again after a second, then after up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 80,
  // So that a connection that lives is never silent; ConnectionMonitor ends those that do not, long before this timeout.
  'grpc.keepalive_time_ms': 200,
  'grpc.keepalive_timeout_ms': 20_000,
  // Statistics of grpc-js, kept call by call, that nothing reads.
  'grpc.enable_channelz': 0,
  // The sidecar's own limits decide how large a session may be.
  'grpc.max_receive_message_length': -1,
};

/** The connection to the sidecar. The first call opens it, and it is opened again whenever calls need it. */
export interface Channel {
  /** Makes calls. Ask for it anew for each call. */
  readonly client: Client;
  /** To be called when a stream is opened, so that the connection is watched; returns what to call when it has ended. */
  streamOpened(): () => void;
  /** Calls in flight may still finish. */
  close(): void;
}

/** Makes the connection to the sidecar. The only place that does. */
export function openChannel(address: string): Channel {
  const monitor = new ConnectionMonitor(() => {
    const stuck = client;
    client = connect();
    stuck.close();
  });
  const connect = (): Client => new Client(address, new WatchedCredentials(monitor), options);
  let client = connect();
  return {
    get client() {
      return client;
    },
    streamOpened() {
      monitor.streamOpened();
      return () => monitor.streamClosed();
    },
    close() {
      client.close();
    },
  };
}

/**
 * Plaintext, as `credentials.createInsecure()`, with a look at each socket. grpc-js has no other way to its sockets, and
 * neither gives up a connection on which the HTTP/2 handshake is not answered nor one that went silent a moment ago.
 * The methods with an underscore are grpc-js's contract between its credentials and its channels.
 */
class WatchedCredentials extends ChannelCredentials {
  readonly #monitor: ConnectionMonitor;
  readonly #plaintext = credentials.createInsecure();

  constructor(monitor: ConnectionMonitor) {
    super();
    this.#monitor = monitor;
  }

  override _isSecure(): boolean {
    return false;
  }

  /** Clients do not share connections. */
  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...args: Parameters<ChannelCredentials['_createSecureConnector']>): SecureConnector {
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

/** @throws TypeError unless gRPC can use the address. */
export function assertAddress(address: unknown): asserts address is string {
  if (typeof address === 'string' && /^(unix:.+|[^/]+:\d{1,5})$/.test(address)) return;
  throw new TypeError(
    `Expected \`address\` to be \`host:port\` or \`unix:/path\`, got \`${String(address)}\` (${typeof address})`,
  );
}
