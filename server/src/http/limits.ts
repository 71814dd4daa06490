/** Limits of the HTTP port: number of connections, size of the head, a body at all, time. */
export type HttpLimit = (typeof httpLimits)[number];

export const httpLimits = ['connections', 'head', 'body', 'time'] as const;

export interface HttpObserver {
  /** A request was refused, or a connection closed, because of a limit. */
  httpRefused(limit: HttpLimit): void;
}
