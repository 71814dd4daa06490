import type { ChildProcess } from 'node:child_process';

/** The running processes that the checker started. */
const running = new Set<ChildProcess>();

export function track<C extends ChildProcess>(child: C): C {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Kills all of them when this process ends, unless SIGKILL ends it. Kills stopped processes, too. */
export function endChildrenOnExit(): void {
  const endAll = (): void => {
    for (const child of running) child.kill('SIGKILL');
  };
  process.once('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      endAll();
      process.kill(process.pid, signal);
    });
  }
}
