/** How much of a second the process may work and still count as idle. */
const idleUtilization = 0.05;

/** A larger heap, in bytes, holds more than starting took, and collecting it takes longer: 360 ms with 210 MB. */
const maxHeapBytes = 32e6;

/**
 * Returns to the operating system what only starting took, about 9 MB, in the first second in which the process is idle. V8 does that in
 * full collections, of which an idle sidecar has none. It takes about 30 ms, for which a call would have to wait. If the heap has
 * grown by then, nothing is done.
 *
 * Needs `--expose-gc`.
 */
export function releaseStartupMemory(): void {
  let before = performance.eventLoopUtilization();
  const release = (): void => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    if (utilization > idleUtilization) return;
    clearInterval(timer);
    if (process.memoryUsage().heapUsed > maxHeapBytes) return;
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
  const timer = setInterval(release, 1000).unref();
}
