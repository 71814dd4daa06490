import { Client } from '@grpc/grpc-js';
import { ConnectionMonitor } from './connection-monitor';
import { WatchedCredentials } from './watched-credentials';

/** A connection to the sidecar. grpc-js opens it at the first call, and reopens it when it was closed. */
export interface Connection {
  readonly client: Client;
  /**
   * To be called when a stream is opened, so that the connection is monitored.
   *
   * @param onSilent called if the sidecar stops answering. New calls use another connection from then on; this stream may or
   *   may not be answered.
   * @returns a function to call when the stream has ended
   */
  streamOpened(onSilent: () => void): () => void;
  /** Makes new calls use another connection. Calls in flight may still finish. */
  retire(): void;
}

/** Gives calls a connection, and replaces connections that are retired. */
export interface Channel {
  /** The connection for a new call. */
  connection(): Connection;
  /** Calls in flight may still finish. */
  close(): void;
}

const options = {
  // The sidecar is on the same host; an http_proxy variable, meant for the internet, must not divert its calls.
  'grpc.enable_http_proxy': 0,
  // Calls wait for a sidecar that restarts. By default, grpc-js reconnects after one second, then after up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 80,
  // Keeps healthy connections from being silent. ConnectionMonitor detects the others long before this timeout.
  'grpc.keepalive_time_ms': 200,
  'grpc.keepalive_timeout_ms': 20_000,
  // Per-call statistics of grpc-js, which nothing reads.
  'grpc.enable_channelz': 0,
  // The size of sessions is limited by the sidecar.
  'grpc.max_receive_message_length': -1,
  // What the sidecar may send before the client has read it. One stream carries all replies, and with the 64 KiB of HTTP/2, each
  // large session would wait for the client several times. The sidecar has at most 2 MiB of replies in flight on a stream.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
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
        // A new function, because the set would merge equal ones.
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

/** @throws TypeError for an address that gRPC cannot use */
export function assertAddress(address: unknown): asserts address is string {
  if (typeof address === 'string' && /^(unix:.+|[^/]+:\d{1,5})$/.test(address)) return;
  throw new TypeError(
    `Expected \`address\` to be \`host:port\` or \`unix:/path\`, got \`${String(address)}\` (${typeof address})`,
  );
}
