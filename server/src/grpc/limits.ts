/** What clients together, and each of them, may take of the process. */
export interface GrpcLimits {
  readonly connections: number;
  /** RPCs of one connection at a time: unary calls in flight, pipelines, watches. */
  readonly streamsPerConnection: number;
  /** The same of all connections. */
  readonly streams: number;
  readonly callsInFlight: number;
  /** Of one pipeline. */
  readonly callsPerStream: number;
  /** How long a call may wait, in ms, until it is started. */
  readonly queueMs: number;
  /** Bytes of requests that are being received or wait to be answered. */
  readonly requestBytes: number;
  /** Bytes of replies that clients have not taken. */
  readonly replyBytes: number;
  readonly mutations: number;
  /** How long a client may take, in ms, to open a connection, to send a request, or to take replies when there are too many. */
  readonly stallMs: number;
  /** How long a connection may be silent, in ms, until it is asked for a sign of life. */
  readonly keepaliveMs: number;
}

/** Maximum size of a message. Larger than any session, so that the limits of the domain apply first. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** Maximum size of the metadata of a call, names and values. The default of gRPC libraries. */
export const maxMetadataBytes = 8 * 1024;

/** Maximum number of metadata entries per call. */
export const maxMetadataEntries = 64;
