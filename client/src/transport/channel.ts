import { Client, credentials } from '@grpc/grpc-js';

/** Makes the connection to the sidecar, which is opened by the first call. The only place that does. */
export function openChannel(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    // The sidecar is on the same host; an http_proxy variable meant for the internet must not catch these calls.
    'grpc.enable_http_proxy': 0,
    // After a restart the sidecar is back within moments. grpc-js would by default wait a second, then up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Nobody asks for these statistics of grpc-js, which are kept call by call.
    'grpc.enable_channelz': 0,
    // The sidecar's own limits decide how large a session may be.
    'grpc.max_receive_message_length': -1,
  });
}

/** @throws TypeError unless gRPC can use the address. */
export function assertAddress(address: unknown): asserts address is string {
  if (typeof address === 'string' && /^(unix:.+|[^/]+:\d{1,5})$/.test(address)) return;
  throw new TypeError(
    `Expected \`address\` to be \`host:port\` or \`unix:/path\`, got \`${String(address)}\` (${typeof address})`,
  );
}
