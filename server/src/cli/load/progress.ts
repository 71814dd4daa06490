import { Presets, SingleBar } from 'cli-progress';
import type { Output } from '../output';
import { numberText } from '../units';
import type { Measurement } from './measurement';

const refreshMs = 100;

/** Shows a progress bar on a terminal until the returned function is called. */
export function showProgress(measurement: Measurement, durationMs: number, { stderr }: Output): () => void {
  if (stderr.isTTY !== true) return () => {};
  const options = {
    stream: stderr as unknown as NodeJS.WritableStream,
    format: '{bar} {percentage} % · {rate} calls/s · {failed} failed',
    barsize: 30,
    clearOnComplete: true,
    hideCursor: true,
    // Its own handler would end the process before the sessions are ended.
    gracefulExit: false,
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  const payload = () => ({
    rate: numberText(Math.round((measurement.calls / Math.max(1, measurement.elapsedMs)) * 1000)),
    failed: numberText(measurement.failed),
  });
  bar.start(durationMs, 0, payload());
  const timer = setInterval(() => bar.update(Math.min(durationMs, measurement.elapsedMs), payload()), refreshMs);
  return () => {
    clearInterval(timer);
    bar.stop();
  };
}
