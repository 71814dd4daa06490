import { readFileSync } from 'node:fs';

/** What the sidecar opens beside gRPC connections: the HTTP port and its probes, Redis, DNS, files, the event loop's own. */
const reservedDescriptors = 128;

/**
 * How many connections the process may hold by its limit of open files (`ulimit -n`), with room left for everything else, so
 * that the probes are answered when gRPC clients open too many. Infinity where the limit cannot be read (it is Linux's).
 */
export function connectionsByDescriptors(limits: string | undefined = processLimits()): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits ?? '') ?? [];
  return soft === undefined ? Infinity : Math.max(Number(soft) - reservedDescriptors, 16);
}

function processLimits(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
}
