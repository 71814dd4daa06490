import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a process may take to start, stop or answer. */
export const processTimeoutMs = 120_000;

/** The processes that this one has started. */
const running = new Set<ChildProcess>();

/** Kills the processes that this one has started when it ends, unless SIGKILL ends it. */
export function killChildrenOnExit(): void {
  process.once('exit', killChildren);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killChildren();
      process.kill(process.pid, signal);
    });
  }
}

function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

export function track(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

export async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await within(exited, `process ${String(child.pid)} to stop`);
}

/** The environment of a child process. Settings of this process, such as NODE_OPTIONS, must not affect the measurement. */
export function childEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], NODE_ENV: 'production' };
}

/** @throws Error that names `what`, after {@link processTimeoutMs} */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${processTimeoutMs / 1000} s for ${what}.`)), processTimeoutMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
