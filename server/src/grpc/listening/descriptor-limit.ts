import { readFileSync } from 'node:fs';

/** Descriptors for everything but gRPC connections: the HTTP port and its probes, Redis, DNS, files, the event loop. */
const reservedDescriptors = 128;

/**
 * Maximum number of connections under the limit of open files (`ulimit -n`), with a reserve for everything else, so that probes are
 * answered when gRPC clients open too many. Infinity if the limit cannot be read; only Linux reports it.
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
