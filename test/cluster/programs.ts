import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { env } from '../support/tools';

const logs = join(__dirname, '../../node_modules/.cache/session-sidecar/cluster/logs');

/** Starts a program beside the node. It ends with the cluster, and its output goes where that of the others goes. */
export function runProgram(name: string, args: readonly string[]): void {
  mkdirSync(logs, { recursive: true });
  const output = openSync(join(logs, `${name}.log`), 'w');
  spawn(name, args, { env, stdio: ['ignore', output, output] }).unref();
}
