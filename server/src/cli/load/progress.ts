import type { Output } from '../output';
import { startBar } from '../progress/bar';
import { numberText } from '../units';
import type { Measurement } from './measurement';

/** Shows a progress bar on a terminal until the returned function is called. */
export function showProgress(measurement: Measurement, durationMs: number, { stderr }: Output): () => void {
  if (stderr.isTTY !== true) return () => {};
  return startBar(stderr, '{rate} calls/s · {failed} failed', durationMs, () => ({
    done: measurement.elapsedMs,
    payload: {
      rate: numberText(Math.round((measurement.calls / Math.max(1, measurement.elapsedMs)) * 1000)),
      failed: numberText(measurement.failed),
    },
  }));
}
