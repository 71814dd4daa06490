import type { IncomingHttpHeaders } from 'node:http2';

const name = 'grpc-timeout';

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The longest that a timer of Node.js can wait, in whole seconds: 24 days. */
const maxSeconds = Math.floor((2 ** 31 - 1) / 1000);

function millisecondsOf(header: unknown): number {
  const [, amount, unit = ''] = typeof header === 'string' ? (/^(\d{1,8})([HMSmun])$/.exec(header) ?? []) : [];
  return amount === undefined ? Infinity : Number(amount) * unitsMs[unit]!;
}

/**
 * Until when a caller waits, by `performance.now()`; Infinity: it did not say. grpc-js has it by the wall clock only, which may
 * be set while the request is on its way.
 *
 * @param header `grpc-timeout`, as https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has it
 */
export function deadlineOf(header: unknown, now: number): number {
  return header === undefined ? Infinity : now + millisecondsOf(header);
}

/** The same headers with a timeout that grpc-js can wait for: it takes 600 hours for a negative number, and fails at once. */
export function withinTimers(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const header = headers[name];
  // What is too long has at least three digits of hours.
  if (header === undefined || header.length < 4) return headers;
  const milliseconds = millisecondsOf(header);
  if (milliseconds === Infinity || milliseconds <= maxSeconds * 1000) return headers;
  return { ...headers, [name]: `${maxSeconds}S` };
}
