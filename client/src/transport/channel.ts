import { Client } from '@grpc/grpc-js';
import { ConnectionMonitor } from './connection-monitor';
import { WatchedCredentials } from './watched-credentials';

/** A connection to the sidecar, which grpc-js opens when there are calls, and opens again when it was closed. */
export interface Connection {
  readonly client: Client;
  /**
   * To be called when a stream is opened, so that the connection is watched.
   *
   * @param onSilent is called if the sidecar stops to answer: other calls go elsewhere from now on, and it may be that this
   *   one gets no answer either
   * @returns what to call when the stream has ended
   */
  streamOpened(onSilent: () => void): () => void;
  /** Has new calls use another connection. Those in flight may still finish. */
  retire(): void;
}

/** Where calls go. */
export interface Channel {
  /** For one more call. */
  connection(): Connection;
  /** Calls in flight may still finish. */
  close(): void;
}

const options = {
  // The sidecar is on the same host; an http_proxy variable meant for the internet must not catch these calls.
  'grpc.enable_http_proxy': 0,
  // Calls wait for a sidecar that is restarted. By default grpc-js tries again after a second, then after up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 80,
  // So that a connection that lives is never silent. ConnectionMonitor notices those that do not long before this timeout.
  'grpc.keepalive_time_ms': 200,
  'grpc.keepalive_timeout_ms': 20_000,
  // Statistics of grpc-js, kept call by call, that nothing reads.
  'grpc.enable_channelz': 0,
  // The sidecar's own limits decide how large a session may be.
  'grpc.max_receive_message_length': -1,
};

/** The only place that makes connections to the sidecar. */
export function openChannel(address: string): Channel {
  let current = openConnection(replaceCurrent);
  let isClosed = false;

  function openConnection(onRetired: () => void): Connection {
    const silentListeners = new Set<() => void>();
    let isRetired = false;
    const monitor = new ConnectionMonitor(() => {
      connection.retire();
      for (const onSilent of [...silentListeners]) onSilent();
    });
    const client = new Client(address, new WatchedCredentials(monitor), options);
    const closeWhenUnused = (): void => {
      if (!isRetired || silentListeners.size > 0) return;
      client.close();
      monitor.destroySockets();
    };
    const connection: Connection = {
      client,
      streamOpened(onSilent) {
        // Of its own, in case one is given twice.
        const listener = (): void => onSilent();
        silentListeners.add(listener);
        if (silentListeners.size === 1 && !isRetired) monitor.start();
        return () => {
          silentListeners.delete(listener);
          if (silentListeners.size === 0) monitor.stop();
          closeWhenUnused();
        };
      },
      retire() {
        if (isRetired) return;
        isRetired = true;
        onRetired();
        closeWhenUnused();
      },
    };
    return connection;
  }

  function replaceCurrent(): void {
    if (!isClosed) current = openConnection(replaceCurrent);
  }

  return {
    connection: () => current,
    close() {
      isClosed = true;
      current.client.close();
    },
  };
}

/** @throws TypeError unless gRPC can use the address. */
export function assertAddress(address: unknown): asserts address is string {
  if (typeof address === 'string' && /^(unix:.+|[^/]+:\d{1,5})$/.test(address)) return;
  throw new TypeError(
    `Expected \`address\` to be \`host:port\` or \`unix:/path\`, got \`${String(address)}\` (${typeof address})`,
  );
}
