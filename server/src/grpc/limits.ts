/** Limits for all clients together, and for each of them. */
export interface GrpcLimits {
  readonly connections: number;
  /** Concurrent RPCs of one connection: unary calls, pipelines, watches. */
  readonly streamsPerConnection: number;
  /** The same for all connections. */
  readonly streams: number;
  /** Pipelines of all connections, which also count as streams. */
  readonly pipelines: number;
  /** Watchers of sessions, which also count as streams. */
  readonly watchers: number;
  readonly callsInFlight: number;
  /** Of one pipeline. */
  readonly callsPerStream: number;
  /** How long a call may be queued, in ms. */
  readonly queueMs: number;
  /** Bytes of requests that are being received or processed. */
  readonly requestBytes: number;
  /** Bytes of replies that clients have not read. */
  readonly replyBytes: number;
  readonly mutations: number;
  /** How long a client may take, in ms, to open a connection, to send a request, or to read replies when there are too many. */
  readonly stallMs: number;
  /** How long a connection may be silent, in ms, before it is pinged. */
  readonly keepaliveMs: number;
}

/** Maximum size of a message. Larger than any session, so that the limits of the domain apply first. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** Maximum size of the metadata of a call, names and values. The default of gRPC libraries. */
export const maxMetadataBytes = 8 * 1024;

/** Maximum number of metadata entries per call. */
export const maxMetadataEntries = 64;
