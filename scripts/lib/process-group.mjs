import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Programs that run together, until Ctrl-C: the first that ends ends the others, and the last that ends this process. */
export class ProcessGroup {
  #running = new Set();
  #isStopping = false;
  #exitCode = 0;

  constructor() {
    // Ctrl-C reaches the children, too, like the whole foreground; a signal to this process alone does not.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => this.#stop());
  }

  start(role, command, args, env = {}) {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running.add(child);
    if (this.#isStopping) child.kill('SIGTERM');
    child.on('exit', (code, signal) => {
      this.#running.delete(child);
      if (!this.#isStopping) {
        console.error(`The ${role} ended (${signal ?? `exit code ${code}`}).`);
        this.#exitCode = 1;
        this.#stop();
      }
      if (this.#running.size === 0) process.exit(this.#exitCode);
    });
    return child;
  }

  #stop() {
    this.#isStopping = true;
    if (this.#running.size === 0) process.exit(this.#exitCode);
    for (const child of this.#running) child.kill('SIGTERM');
  }

  /** Waits until a URL answers. */
  async untilAnswered(url) {
    while (!this.#isStopping) {
      const response = await fetch(url).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The first line in which `find` finds something. Later lines are read, too, so that the child can keep writing. */
export function lineOf(child, find) {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = find(line);
      if (found !== undefined) resolve(found);
    });
  });
}
