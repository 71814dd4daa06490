import { formatHostAndPort } from '../../host-and-port';
import type { Peer } from './peer';

/** An open gRPC connection, for operators. */
export interface ConnectionInfo {
  /** `host:port`; `undefined` for a Unix socket, whose clients have no address. */
  readonly address: string | undefined;
  /** What its first call said; `undefined`: no call yet, or it said nothing. */
  readonly userAgent: string | undefined;
  /** How long it has been open, in ms. */
  readonly openMs: number;
  /** Open RPCs: pipelines, unary calls in flight, watches. */
  readonly streams: number;
  readonly pipelines: number;
  /** Calls in flight, unary and pipelined. */
  readonly callsInFlight: number;
}

export function connectionInfo({ socket, userAgent, since, streams, pipelines, inFlight }: Peer): ConnectionInfo {
  const { remoteAddress: host, remotePort: port } = socket;
  return {
    address: host === undefined || port === undefined ? undefined : formatHostAndPort({ host, port }),
    userAgent,
    openMs: performance.now() - since,
    streams: streams.amount,
    pipelines: pipelines.amount,
    callsInFlight: inFlight,
  };
}

/** Maximum length that is kept of a user agent. */
const maxUserAgentLength = 200;

/** A copy: a part of a text would keep the whole header in memory. */
export function keptUserAgent(header: string | undefined): string | undefined {
  return header === undefined ? undefined : Buffer.from(header.slice(0, maxUserAgentLength)).toString();
}
