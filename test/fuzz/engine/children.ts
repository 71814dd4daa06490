import type { ChildProcess } from 'node:child_process';
import { parentPort } from 'node:worker_threads';
import type { WorkerMessage } from './supervisor';

/** Has a process ended with this thread, even if the thread is ended in the middle of something. */
export function endWithThread({ pid }: ChildProcess): void {
  if (pid !== undefined) parentPort?.postMessage({ kind: 'child', pid } satisfies WorkerMessage);
}
