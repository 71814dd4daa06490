import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from './command';
import { untilServing } from './start-up-log';

export interface LaunchedSidecar {
  readonly address: string;
  stop(): Promise<void>;
}

const prefix = 'SESSION_SIDECAR_';

/** How long a sidecar may take to end by itself, in ms. */
const stopMs = 2000;

/**
 * Starts a sidecar on its memory store, and waits until it serves. It ends with this process, even if that is killed: its standard
 * input ends then.
 */
export async function launch(
  [program = '', ...args]: Command,
  settings: Readonly<Record<string, string>>,
): Promise<LaunchedSidecar> {
  const socket = freeSocket();
  const own = settingsOf(socket);
  const clash = Object.keys(settings).find((name) => name in own);
  if (clash !== undefined) throw new TypeError(`\`settings\` must not have ${clash}: startSidecar() chooses it`);
  const given = asVariables(settings);
  const env = { ...withoutSettings(process.env), ...given, ...asVariables(own) };
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  // Reported by its exit.
  child.stdin.on('error', () => {});

  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.stdin.end();
      // It also keeps this process running until then.
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await once(child, 'exit');
      clearTimeout(timer);
    }
    // It is still there if the sidecar was killed.
    if (socket !== undefined) rmSync(socket, { force: true });
  };
  try {
    const address = await untilServing(child, Object.keys(given));
    // A test run that forgets to stop the sidecar ends nevertheless.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as Socket).unref();
    return { address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `undefined`: a free port has to do, because the system has no Unix sockets or only shorter paths. */
function freeSocket(): string | undefined {
  const path = join(tmpdir(), `session-sidecar-${randomBytes(8).toString('hex')}.sock`);
  return process.platform === 'win32' || Buffer.byteLength(path) > 100 ? undefined : path;
}

function settingsOf(socket: string | undefined): Readonly<Record<string, string>> {
  return {
    GRPC_ADDRESS: socket === undefined ? '127.0.0.1:0' : `unix:${socket}`,
    GRPC_SOCKET_MODE: '0600',
    HTTP_ADDRESS: '127.0.0.1:0',
    // Its addresses are logged at this level.
    LOG_LEVEL: 'info',
    SHUTDOWN_GRACE: '0s',
    EXIT_ON_STDIN_END: 'on',
    TEST_CONTROL: 'on',
  };
}

function asVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value]));
}

/** What is meant for the application or for the tests must not configure the sidecar, or Node.js in it. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = /^(SESSION_SIDECAR_.*|OTEL_.*|REDIS_URL|NODE_OPTIONS|NODE_V8_COVERAGE)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !others.test(name)));
}
