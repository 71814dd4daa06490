import { randomBytes } from 'node:crypto';
import { keyIdOf } from '../../support/encryption';
import { now } from '../clock';
import { noKey } from '../topology/key-file';
import type { KeyFile } from '../topology/key-file';
import { keysInUse } from '../topology/records';
import type { RecordedWorld } from '../topology/records';
import type { Fault, FaultContext } from './fault';

/**
 * Changes the key as operations.md has it: every sidecar learns the new one, then one after the other encrypts with it. Old keys are removed
 * that no record is under.
 */
export const changeKeys: Fault<RecordedWorld> = {
  name: 'encryption-keys',
  async run(world, context) {
    const injected = now();
    const files = context.random.shuffle(keyFilesOf(world));
    const inUse = await keysInUse(world);
    const [present, ...old] = files[0]!.list;
    const kept = [present!, ...old.filter((key) => inUse.has(keyIdOf(key)))];
    const next = randomBytes(32).toString('base64');
    await Promise.all(files.map((file) => file.change([...kept, next])));
    await inTurn(files, [next, ...kept], context);
    context.record({
      ...{ kind: this.name, detail: `of ${old.length + 1} keys, ${kept.length} are kept`, injected },
      ...{ healed: now(), possible: now(), sidecars: [] },
    });
  },
};

/** Turns encryption off, and on again. */
export const turnOffAndOn: Fault<RecordedWorld> = {
  name: 'encryption-off-and-on',
  async run(world, context) {
    const injected = now();
    const files = context.random.shuffle(keyFilesOf(world));
    const { list } = files[0]!;
    await inTurn(files, [noKey, ...list], context);
    await inTurn(files, list, context);
    context.record({
      ...{ kind: this.name, detail: `with ${list.length} keys`, injected },
      ...{ healed: now(), possible: now(), sidecars: [] },
    });
  },
};

function keyFilesOf({ sidecars }: RecordedWorld): KeyFile[] {
  return sidecars.flatMap(({ keys }) => keys ?? []);
}

/** One sidecar after the other uses a list, so that they write differently for some time. */
async function inTurn(files: readonly KeyFile[], list: readonly string[], { hold }: FaultContext): Promise<void> {
  for (const file of files) {
    await file.change(list);
    await hold(0, 1500);
  }
}
