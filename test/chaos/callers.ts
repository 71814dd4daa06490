import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from './faults/fault';
import type { Operation, Stall } from './history';
import { track } from './topology/children';
import type { FromWorker, SessionNews, ToWorker, WorkerSetup, Workload } from './worker/protocol';

export interface CallerListener {
  onNews(news: SessionNews): void;
  onOperations(operations: readonly Operation[], stalls: readonly Stall[]): void;
}

/** A process that makes calls, and the channel to it. */
export class Caller implements Client {
  readonly #child: ChildProcess;
  readonly #directory = mkdtempSync(join(tmpdir(), 'session-sidecar-chaos-'));
  readonly #listener: CallerListener;
  #finished: () => void = () => {};
  #ready: () => void = () => {};

  constructor(program: string, clockPreload: string, listener: CallerListener) {
    this.#listener = listener;
    writeFileSync(this.#clockFile, '0');
    this.#child = track(
      fork(program, {
        serialization: 'advanced',
        execArgv: ['--require', clockPreload, '--enable-source-maps'],
        env: { PATH: process.env['PATH'], CHAOS_CLOCK_FILE: this.#clockFile },
      }),
    );
    this.#child.on('message', (message: FromWorker) => {
      this.#receive(message);
    });
  }

  get #clockFile(): string {
    return join(this.#directory, 'clock');
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#ready();
        break;
      case 'news':
        this.#listener.onNews(message.news);
        break;
      case 'operations':
        this.#listener.onOperations(message.operations, message.stalls);
        break;
      case 'finished':
        this.#finished();
        break;
    }
  }

  send(message: ToWorker): void {
    this.#child.send(message);
  }

  async setUp(setup: WorkerSetup): Promise<void> {
    const ready = new Promise<void>((resolve) => (this.#ready = resolve));
    this.send({ type: 'setup', setup });
    await this.#unlessItEnds(ready);
  }

  begin(workload: Workload): void {
    this.send({ type: 'begin', workload });
  }

  /** Waits until every call has ended. */
  async finish(): Promise<void> {
    const finished = new Promise<void>((resolve) => (this.#finished = resolve));
    this.send({ type: 'finish' });
    await this.#unlessItEnds(finished);
  }

  async #unlessItEnds(event: Promise<void>): Promise<void> {
    const over = new AbortController();
    const ended = once(this.#child, 'exit', { signal: over.signal }).then(([code]) => {
      throw new Error(`A process of callers ended with exit code ${String(code)}.`);
    });
    ended.catch(() => undefined);
    await Promise.race([event, ended]);
    // Otherwise, each round would leave two listeners behind.
    over.abort();
  }

  shiftClock(ms: number): void {
    writeFileSync(this.#clockFile, String(ms));
    this.#child.kill('SIGUSR2');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
