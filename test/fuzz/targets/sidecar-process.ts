import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { residentBytesOf, startServing } from '../../support/process';
import type { ServingProcess } from '../../support/process';
import { endWithThread } from '../engine/children';
import { CulpritError } from '../engine/target';

/** The sidecar as it is shipped, which is started anew when an input has ended it. */
export interface SidecarUnderFire {
  readonly current: ServingProcess;
  /**
   * Throws when the process has ended, after starting another one, or takes more memory than it may.
   *
   * @param options whether it is about to end, so that it is worth waiting for; default: no
   */
  check(options?: { readonly isDying: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** How long a process that no longer serves may take to end. */
const dyingMs = 2000;

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
    async check({ isDying } = { isDying: false }) {
      if (isDying) await Promise.race([current.exit, setTimeoutPromise(dyingMs)]);
      const { exitCode, signalCode, pid = 0 } = current.child;
      if (exitCode !== null || signalCode !== null) {
        const fatal = current.log().find(({ level }) => level === 'fatal');
        const why = fatal === undefined ? current.output().stderr : JSON.stringify(fatal['err']);
        await restart();
        assert.fail(`The sidecar ended with ${exitCode ?? signalCode}: ${why}`);
      }
      const megabytes = Math.ceil((residentBytesOf(pid) ?? 0) / 2 ** 20);
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

/** Inputs between two checks of the process and of what is beside them. */
const inputsPerCheck = 8;
/** Among the first are those of the corpus. */
const checkedEach = 100;

/**
 * Checks a sidecar after every few inputs. Where that fails, tries each of them again by itself, so that the one which did it is
 * reported.
 *
 * @param send one input
 * @param callBeside fails when the sidecar does not serve others
 */
export function checkingBetween(
  sidecar: SidecarUnderFire,
  send: (input: Buffer) => Promise<void>,
  callBeside: () => Promise<void>,
): (input: Buffer) => Promise<void> {
  let unchecked: Buffer[] = [];
  let count = 0;
  const check = async (): Promise<void> => {
    try {
      await callBeside();
    } catch (error) {
      // It fails because the process has ended, as a rule, which then is what to report.
      await sidecar.check({ isDying: true });
      throw error;
    }
    await sidecar.check();
  };
  return async (input) => {
    unchecked.push(input);
    await send(input);
    count += 1;
    if (count > checkedEach && unchecked.length < inputsPerCheck) return;
    const suspects = unchecked;
    unchecked = [];
    try {
      await check();
    } catch (error) {
      for (const suspect of suspects) {
        await send(suspect).catch(() => undefined);
        await check().catch((again: unknown) => {
          throw new CulpritError(suspect, again);
        });
      }
      throw error;
    }
  };
}
