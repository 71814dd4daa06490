import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** Starts a program that runs as long as the cluster, with its output in a file. If it ends, so does this process. */
export function startProgram(command, args, { log, name = command }) {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'w');
  const child = spawn(command, args, { stdio: ['ignore', output, output] });
  const failed = (why) => {
    console.error(`${name} ${why}. Its output is in ${log}`);
    process.exit(1);
  };
  child.once('error', (error) => failed(`could not be started (${error.message})`));
  child.once('exit', (code, signal) => failed(`ended with ${code ?? signal}`));
}

/** Polls until a condition holds. @throws Error that names `what`, after a minute or what is given */
export async function until(what, condition, timeoutMs = 60_000) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
