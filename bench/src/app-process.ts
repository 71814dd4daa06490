import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { childEnvironment, processTimeoutMs, stop, track } from './children';
import type { AppCommands } from './express-app-protocol';
import { loadProgram } from './languages';
import type { Program } from './languages';
import { cpuSecondsOf, processTreeOf } from './os-figures';
import { freePort, profiling, root } from './processes';
import type { RunningProcess } from './processes';
import type { Target } from './target';
import { languageOf } from './web-apps';
import type { ExpressApp, WebApp, WebFramework } from './web-apps';
import { startWorker } from './worker';

/** A web application that receives the load over HTTP. */
export interface AppProcess extends RunningProcess {
  readonly url: string;
  /** The CPU time of all its processes. */
  cpuSeconds(): number;
}

/** @param profile the name of a CPU profile to write, if the application runs on Node.js; `undefined` for none */
export function startApp(app: ExpressApp | WebApp, target: Target, profile: string | undefined): Promise<AppProcess> {
  return app.framework === 'express' ? startExpressApp(app, target, profile) : startWebApp(app, target);
}

async function startExpressApp({ store }: ExpressApp, target: Target, profile?: string): Promise<AppProcess> {
  const worker = startWorker<AppCommands>('express-app.js', profiling(profile));
  const { pid } = worker;
  return {
    ...{ pid, url: await worker.request('listen', { store, target }), cpuSeconds: () => cpuSecondsOf(pid) },
    stop: () => worker.request('close', {}),
  };
}

/** How many requests an application handles at a time: as many as there are connections. bench/README.md says why. */
const threads = '16';

/** Longer than any pause between two rounds of a side, in seconds, so that connections are kept. */
const keepAlive = '75';

type Command = (port: string) => readonly string[];

const gunicorn =
  (app: string): Command =>
  (port) => [
    ...['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--workers', '1', '--threads', threads],
    ...['--keep-alive', keepAlive, '--no-control-socket', '--log-level', 'warning', app],
  ];

/** The arguments of Python, or of the program in `bench/go`. */
const commands: Readonly<Record<WebFramework, Command>> = {
  pyramid: () => ['-m', 'apps.pyramid_app'],
  flask: gunicorn('apps.flask_app:app'),
  django: gunicorn('apps.django_app:application'),
  fastapi: (port) => [
    ...['-m', 'uvicorn', '--port', port, '--timeout-keep-alive', keepAlive],
    ...['--no-access-log', '--log-level', 'warning', 'apps.fastapi_app:app'],
  ],
  go: () => ['serve'],
};

async function startWebApp({ framework, store }: WebApp, { address, redisPort }: Target): Promise<AppProcess> {
  const port = String(await freePort());
  const { command, env }: Program = loadProgram(languageOf(framework));
  const settings = { STORE: store, SIDECAR_ADDRESS: address, REDIS_PORT: String(redisPort), PORT: port };
  const child = track(
    spawn(command, commands[framework](port), {
      cwd: join(root, 'bench', 'python'),
      env: { ...childEnvironment(), ...env, ...settings, THREADS: threads },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  await untilItAnswers(child, url, framework);
  // Servers start their workers before they answer, and keep them.
  const pids = processTreeOf(child.pid!);
  return {
    ...{ pid: child.pid!, url },
    cpuSeconds: () => pids.map(cpuSecondsOf).reduce((sum, each) => sum + each, 0),
    stop: () => stop(child, 'SIGTERM'),
  };
}

/** Waits for a response. Any will do: the route that is requested does not exist. */
async function untilItAnswers(child: ChildProcess, url: string, framework: WebFramework): Promise<void> {
  const deadline = Date.now() + processTimeoutMs;
  while (!(await fetch(`${url}/none`).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`The ${framework} app ended with exit code ${child.exitCode}.`);
    if (Date.now() > deadline) throw new Error(`The ${framework} app did not answer.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
