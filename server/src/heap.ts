import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How much the heap may grow between two full collections: more costs memory, and less costs time as soon as sessions have a few
 * kilobytes (docs/decisions/0080-young-garbage.md). There is no limit: what is alive may take what it needs.
 */
const growthPercent = 200;

/** How much of a second the process may work and still count as idle. */
const idleUtilization = 0.05;

/** A larger heap, in bytes, holds more than starting took, and collecting it takes longer: 360 ms with 210 MB. */
const maxHeapBytes = 32e6;

/**
 * Sets how V8 treats the heap of a sidecar that serves.
 *
 * Call it after all modules are loaded. Node.js holds its own modules compiled, but only for the flags of V8 that it was built with: with
 * other ones, on the command line or set earlier, it compiles each module again (docs/decisions/0079-flags-at-run-time.md).
 */
export function tuneHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  setFlagsFromString('--expose-gc');
  releaseStartupMemory(runInNewContext('gc') as NodeJS.GCFunction);
}

/**
 * Returns to the operating system what only starting took, about 9 MB, in the first second in which the process is idle. V8 does that in
 * full collections, of which an idle sidecar has none. It takes about 30 ms, for which a call would have to wait. If the heap has
 * grown by then, nothing is done.
 */
function releaseStartupMemory(gc: NodeJS.GCFunction): void {
  let before = performance.eventLoopUtilization();
  const release = (): void => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    if (utilization > idleUtilization) return;
    clearInterval(timer);
    if (process.memoryUsage().heapUsed > maxHeapBytes) return;
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
  const timer = setInterval(release, 1000).unref();
}
