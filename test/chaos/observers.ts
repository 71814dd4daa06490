import { get } from 'node:http';
import { residentBytesOf } from '../support/process';
import { now, sleep } from './clock';
import type { MemorySample, ReadinessSample } from './samples';
import type { Sidecar } from './topology/sidecar';

const readinessEveryMs = 100;
const memoryEveryMs = 500;

export interface Observed {
  readonly readiness: (sample: ReadinessSample) => void;
  readonly memory: (sample: MemorySample) => void;
}

/** Polls a sidecar's readiness and resident memory. Returns a function that ends it. */
export function observe(sidecar: Sidecar, { readiness, memory }: Observed): () => Promise<void> {
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const at = now();
      readiness({ sidecar: sidecar.name, at, status: await statusOf(`${sidecar.httpUrl}/readyz`) });
      await sleep(at + readinessEveryMs - now());
    }
  })();
  const timer = setInterval(() => {
    // A sidecar that restarts has no process.
    const residentBytes = residentBytesOf(sidecar.pid);
    if (residentBytes !== undefined) memory({ sidecar: sidecar.name, at: now(), residentBytes });
  }, memoryEveryMs);
  return async () => {
    over.abort();
    clearInterval(timer);
    await asking;
  };
}

/** Requests a URL over a new connection, as the kubelet does. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
