import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServing } from '../../support/process';
import type { ServingProcess } from '../../support/process';
import { endWithThread } from '../engine/children';

/** The sidecar as it is shipped, which is started anew when an input has ended it. */
export interface SidecarUnderFire {
  readonly current: ServingProcess;
  /** Throws when the process has ended, after starting another one, or takes more memory than it may. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The limit of k8s/base/web.yaml: a process that takes more is killed there. */
const maxMegabytes = 256;

export async function startUnderFire(): Promise<SidecarUnderFire & { readonly socketPath: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-fuzz-'));
  const socketPath = join(directory, 'sidecar.sock');
  const start = async (): Promise<ServingProcess> => {
    const serving = await startServing({
      settings: { GRPC_ADDRESS: `127.0.0.1:0,unix:${socketPath}` },
    });
    endWithThread(serving.child);
    return serving;
  };
  let current = await start();
  const restart = async (): Promise<void> => {
    current.child.kill('SIGKILL');
    await current.exit;
    current = await start();
  };
  return {
    socketPath,
    get current() {
      return current;
    },
    async check() {
      const { exitCode, signalCode, pid = 0 } = current.child;
      if (exitCode !== null || signalCode !== null) {
        const { stderr } = current.output();
        await restart();
        assert.fail(`The sidecar ended with ${exitCode ?? signalCode}: ${stderr.slice(-500)}`);
      }
      const megabytes = residentMegabytes(pid);
      if (megabytes <= maxMegabytes) return;
      await restart();
      assert.fail(`The sidecar took ${megabytes} MB of memory; ${maxMegabytes} are allowed.`);
    },
    async close() {
      current.child.kill('SIGKILL');
      await current.exit;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** 0 where the system does not say. */
function residentMegabytes(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return Math.ceil(Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, 'latin1'))?.[1] ?? 0) / 1024);
}

/** Far longer than any answer takes. */
const patienceMs = 10_000;

/**
 * Sends bytes over a connection of their own and the end of them, and gives what came back until the server ended the connection.
 * Fails when it does not.
 *
 * @param isOver whether the server has said by what it sent that it ended the connection
 */
export function exchange(
  to: NetConnectOpts,
  bytes: Buffer,
  isOver: (received: Buffer) => boolean = () => false,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(to);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('the connection is not ended'));
    }, patienceMs);
    socket.on('data', (data: Buffer) => {
      received.push(data);
      if (isOver(Buffer.concat(received))) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(received));
    });
    socket.end(bytes);
  });
}
