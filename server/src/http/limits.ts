/** What a client of the HTTP port can exceed: how many connections, how large a head, any body, how much time. */
export type HttpLimit = (typeof httpLimits)[number];

export const httpLimits = ['connections', 'head', 'body', 'time'] as const;

export interface HttpObserver {
  /** A request was refused, or a connection closed, because of a limit. */
  httpRefused(limit: HttpLimit): void;
}
