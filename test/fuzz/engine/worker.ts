import { parentPort, workerData } from 'node:worker_threads';
import { fuzz } from './fuzzer';
import { allTargets } from '../targets';
import type { WorkerData, WorkerMessage } from './supervisor';

/** Fuzzes one target in a thread that the supervisor can end, whatever the target does. */
async function main(): Promise<void> {
  const { target: name, seconds, seed, corpus, shared } = workerData as WorkerData;
  const post = (message: WorkerMessage): void => parentPort?.postMessage(message);
  const target = allTargets.find((one) => one.name === name);
  if (target === undefined || !('open' in target)) throw new Error(`There is no target ${name}.`);
  const state = new Int32Array(shared, 0, 2);
  const current = new Uint8Array(shared, state.byteLength);
  const opened = await target.open();
  post({ kind: 'opened' });
  await fuzz(target, opened, {
    seconds,
    seed,
    corpus: corpus.map(({ file, input }) => ({ file, input: Buffer.from(input) })),
    onInput: (input) => {
      current.set(input.subarray(0, current.length));
      Atomics.store(state, 1, input.length);
      Atomics.add(state, 0, 1);
    },
    onFind: ({ input = Buffer.alloc(0), problem, file }) => post({ kind: 'find', input, problem, file }),
  });
  post({ kind: 'finished' });
  await opened.close?.();
}

void main();
