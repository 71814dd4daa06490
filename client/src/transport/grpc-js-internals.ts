import type { ClientHttp2Session } from 'node:http2';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { Http2SubchannelConnector } from '@grpc/grpc-js/build/src/transport.js';

/*
 * The only place that uses internals of grpc-js. If a later version has other internals, nothing is changed, and the test of calls
 * in flight in test/integration/client-connection.test.ts fails.
 */

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

interface TransportInsides {
  readonly session?: ClientHttp2Session;
  canSendPing?(): boolean;
}

const connectors = new WeakSet<SecureConnector>();
let isPatched = false;

/**
 * Connections that it makes are not pinged once they received a GOAWAY. grpc-js would take the ping that it cannot send for the end
 * of the connection, and fail the calls in flight, which the sidecar still answers (grpc-node#3068).
 */
export function pingUntilGoaway(connector: SecureConnector): SecureConnector {
  if (!isPatched) patchConnect();
  isPatched = true;
  connectors.add(connector);
  return connector;
}

/** There is no other way to the connections of a channel. Those of other channels stay as they are. */
function patchConnect(): void {
  const { prototype } = Http2SubchannelConnector;
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this`
  const { connect } = prototype;
  // eslint-disable-next-line no-restricted-syntax -- once in a process
  prototype.connect = async function (address, connector, options) {
    const transport = await connect.call(this, address, connector, options);
    if (connectors.has(connector)) stopPingsAtGoaway(transport as unknown as TransportInsides);
    return transport;
  };
}

function stopPingsAtGoaway(transport: TransportInsides): void {
  const { session } = transport;
  const canSendPing = transport.canSendPing?.bind(transport);
  if (session === undefined || canSendPing === undefined) return;
  // eslint-disable-next-line no-restricted-syntax -- once for each connection
  transport.canSendPing = () => !session.closed && canSendPing();
}
