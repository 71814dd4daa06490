import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root, run } from './run.mjs';

export function buildSidecar() {
  run('npm', ['run', '--silent', 'build', '--workspace', 'server']);
}

/** Starts the built sidecar, and prints its log in readable form. `onServing` gets the log entry with its addresses. */
export function startSidecar({ args = [], env = {}, onServing }) {
  const sidecar = spawn(join(root, 'server', 'dist', 'main.js'), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Through a pipe: on a terminal, it would repeat its log as text.
  sidecar.stderr.pipe(process.stderr);
  void printLog(sidecar.stdout, onServing);
  return sidecar;
}

async function printLog(stdout, onServing) {
  // Imported late: the packages may not have been installed when this file was loaded.
  const { default: pretty } = await import('pino-pretty');
  const log = pretty({ colorize: process.stdout.isTTY, ignore: 'settings,version,store,grpc,http', sync: true });
  for await (const line of createInterface({ input: stdout })) {
    log.write(`${line}\n`);
    const entry = line.startsWith('{') ? JSON.parse(line) : {};
    if (entry.msg === 'serving') onServing(entry);
  }
}
