import { Presets, SingleBar } from 'cli-progress';
import type { TextStream } from '../output';

const refreshMs = 100;

export interface Progress {
  /** How much of the total is done. */
  readonly done: number;
  /** What the format names beside the bar. */
  readonly payload: object;
}

/** Shows a progress bar on a terminal until the returned function is called. */
export function startBar(stderr: TextStream, format: string, total: number, progress: () => Progress): () => void {
  const options = {
    stream: stderr as unknown as NodeJS.WritableStream,
    format: `{bar} {percentage} % · ${format}`,
    barsize: 30,
    clearOnComplete: true,
    hideCursor: true,
    // Its own handler would end the process before the command has cleaned up.
    gracefulExit: false,
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0, progress().payload);
  const timer = setInterval(() => {
    const { done, payload } = progress();
    bar.update(Math.min(total, done), payload);
  }, refreshMs);
  return () => {
    clearInterval(timer);
    bar.stop();
  };
}
