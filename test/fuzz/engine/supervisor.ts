import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readCorpus } from './corpus';
import { defaultHangMs, defaultMaxBytes } from './target';
import type { Budget, CorpusEntry, Find, Outcome, Target } from './target';

export interface WorkerData {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
  readonly corpus: readonly CorpusEntry[];
  /** Number of inputs so far, length of the present one, and that. */
  readonly shared: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: 'opened' | 'finished' }
  /** A process that must not outlive the thread. */
  | { readonly kind: 'child'; readonly pid: number }
  | { readonly kind: 'find'; readonly input: Uint8Array; readonly problem: string; readonly file?: string | undefined };

/** A thread that takes more has no bound. */
const maxHeapMb = 512;
const mostRestarts = 5;
/** How long a target may take to close what it opened. */
const closeMs = 10_000;

/**
 * Fuzzes a target in a thread of its own: an input that hangs, throws where no one can catch it or takes all memory ends that
 * thread, is a find, and fuzzing goes on in another one.
 */
export async function supervise(target: Target, { seconds, seed, corpusFolder }: Budget): Promise<Outcome> {
  const finds: Find[] = [];
  const began = performance.now();
  const secondsPassed = (): number => (performance.now() - began) / 1000;
  let corpus = readCorpus(corpusFolder, target.name);
  let inputs = 0;
  for (let restarts = 0; restarts <= mostRestarts; restarts += 1) {
    const left = restarts === 0 ? seconds : Math.max(0, seconds - secondsPassed());
    const run = await runOnce(target, { seconds: left, seed: seed + restarts, corpus });
    inputs += run.inputs;
    finds.push(...run.finds);
    corpus = corpus.slice(run.inputs);
    if (run.finished || (corpus.length === 0 && left === 0)) break;
  }
  return { inputs, seconds: secondsPassed(), finds };
}

interface Run {
  readonly inputs: number;
  readonly finds: readonly Find[];
  /** Whether the time was up; else the thread was ended before. */
  readonly finished: boolean;
}

async function runOnce(
  { name, maxBytes = defaultMaxBytes, hangMs = defaultHangMs }: Target,
  plan: Omit<WorkerData, 'target' | 'shared'>,
): Promise<Run> {
  const shared = new SharedArrayBuffer(8 + maxBytes);
  const state = new Int32Array(shared, 0, 2);
  const finds: Find[] = [];
  const children: number[] = [];
  const progress: { phase: 'opening' | 'running' | 'finished' } = { phase: 'opening' };
  const fail = (problem: string): void => {
    const length = Math.min(Atomics.load(state, 1), maxBytes);
    const file = plan.corpus[Atomics.load(state, 0) - 1]?.file;
    finds.push({ input: Buffer.from(new Uint8Array(shared, 8, length)), problem, ...(file !== undefined && { file }) });
  };
  const worker = new Worker(join(__dirname, 'worker.cjs'), {
    workerData: { ...plan, target: name, shared } satisfies WorkerData,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  const killChildren = (): void => children.forEach(killIfThere);
  process.once('exit', killChildren);
  let closing: NodeJS.Timeout | undefined;
  worker.on('message', (message: WorkerMessage) => {
    switch (message.kind) {
      case 'opened':
        progress.phase = 'running';
        break;
      case 'finished':
        progress.phase = 'finished';
        closing = setTimeout(() => void worker.terminate(), closeMs);
        break;
      case 'child':
        children.push(message.pid);
        break;
      case 'find': {
        const { input, problem, file } = message;
        finds.push({ input: Buffer.from(input), problem, ...(file !== undefined && { file }) });
      }
    }
  });
  let last = -1;
  const watch = setInterval(() => {
    const now = Atomics.load(state, 0);
    if (progress.phase === 'running' && now === last) {
      fail(`Hangs: not done after ${hangMs / 1000} s.`);
      void worker.terminate();
    }
    last = now;
  }, hangMs);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('error', (error: unknown) => {
        const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
        if (progress.phase === 'opening') reject(new Error(`${name} cannot be opened: ${problem}`));
        else if (progress.phase === 'running') fail(`Not caught anywhere: ${problem}`);
      });
      worker.once('exit', () => resolve());
    });
  } finally {
    clearInterval(watch);
    clearTimeout(closing);
    process.off('exit', killChildren);
    killChildren();
  }
  return { inputs: Atomics.load(state, 0), finds, finished: progress.phase === 'finished' };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
