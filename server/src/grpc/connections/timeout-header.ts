import type { IncomingHttpHeaders } from 'node:http2';

const name = 'grpc-timeout';

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The longest delay of a Node.js timer, in whole seconds: 24 days. */
const maxSeconds = Math.floor((2 ** 31 - 1) / 1000);

function millisecondsOf(header: unknown): number {
  const [, amount, unit = ''] = typeof header === 'string' ? (/^(\d{1,8})([HMSmun])$/.exec(header) ?? []) : [];
  return amount === undefined ? NaN : Number(amount) * unitsMs[unit]!;
}

/**
 * When the caller stops waiting, by `performance.now()`; Infinity: no deadline; NaN: the header is invalid. grpc-js computes it by the wall clock, which may be
 * changed while the request is in transit.
 *
 * @param header `grpc-timeout`, see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function deadlineOf(header: unknown, now: number): number {
  return header === undefined ? Infinity : now + millisecondsOf(header);
}

/** The same headers with a timeout that grpc-js supports: it reads 600 hours as a negative number, and fails at once. */
export function withinTimers(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const header = headers[name];
  // Timeouts that are too long have at least three digits of hours.
  if (header === undefined || header.length < 4) return headers;
  const milliseconds = millisecondsOf(header);
  if (!(milliseconds > maxSeconds * 1000)) return headers;
  return { ...headers, [name]: `${maxSeconds}S` };
}
