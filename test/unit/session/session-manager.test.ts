import { afterAll, describe, expect, test } from '@jest/globals';
import { settings, variableOf } from '../../../server/src/config/settings';
import type { SettingId } from '../../../server/src/setting-names';
import type { Mutation } from '../../../server/src/session/session-update';
import type { Limits } from '../../../server/src/session/limits';
import { limitExceeded } from '../../../server/src/session/refusals';
import { SessionManager } from '../../../server/src/session/session-manager';
import { createTokens, fingerprintOf, randomSigningKey } from '../../../server/src/tokens/token';
import { MemoryStore } from '../../../server/src/store/memory/memory-store';
import { ignoreEvents } from '../../support/ignored-events';
import { generousLimits, twentyMinutes } from '../../support/store-harness';

const expiry = twentyMinutes;
const stores: MemoryStore[] = [];

afterAll(() => Promise.all(stores.map((store) => store.close())));

function newStore(limits: Limits): { readonly store: MemoryStore } {
  const store = new MemoryStore({ expiry, limits, maxBytes: 64 * 1024 * 1024, now: Date.now });
  stores.push(store);
  return { store };
}

function managerWith(limits: Limits): SessionManager {
  const { store } = newStore(limits);
  const tokens = createTokens([randomSigningKey()]);
  return new SessionManager({ store, tokens, limits, expiry, events: ignoreEvents });
}

const tooLarge = (limit: number, setting: string) => ({
  reason: 'REQUEST_TOO_LARGE',
  metadata: { limit: String(limit), setting: `SESSION_SIDECAR_${setting}` },
});

const text = (bytes: number) => Buffer.from(`"${'x'.repeat(bytes - 2)}"`);
const set = (key: string, bytes: number): Mutation => ({ kind: 'set', key, value: text(bytes) });
const setIfAbsent = (key: string, bytes: number): Mutation => ({ kind: 'set_if_absent', key, value: text(bytes) });

describe('what one request may ask for', () => {
  test.each(Object.keys(generousLimits) as (keyof Limits)[])('past %s, the error names the setting', (name) => {
    const { metadata, message } = limitExceeded(name, generousLimits);
    const variable = variableOf(settings[name satisfies SettingId]);
    expect(metadata).toEqual({ limit: String(generousLimits[name]), setting: variable });
    expect(message).toContain(String(generousLimits[name]));
    expect(message).toContain(`Nothing was stored. ${variable} changes the limit.`);
  });

  test('more mutations than allowed are refused by every method that takes some', async () => {
    const manager = managerWith({ ...generousLimits, maxMutations: 2 });
    const three: Mutation[] = ['a', 'b', ''].map((key) => ({ kind: 'delete', key }));
    const { token } = await manager.create({ mutations: three.slice(0, 2) });
    const refused = tooLarge(2, 'MAX_MUTATIONS');
    await expect(manager.create({ mutations: three })).rejects.toMatchObject(refused);
    await expect(manager.update(token, { mutations: three })).rejects.toMatchObject(refused);
    await expect(manager.regenerate(token, { mutations: three })).rejects.toMatchObject(refused);
  });

  test('a thousand reads of one large value are refused, with a session and without', async () => {
    const manager = managerWith(generousLimits);
    const reads = Array.from({ length: 999 }, () => setIfAbsent('a', 3));
    const refused = tooLarge(1_048_576, 'MAX_REPLY_SIZE');
    await expect(manager.create({ mutations: [set('a', 250_000), ...reads] })).rejects.toMatchObject(refused);
    const { token } = await manager.create({ mutations: [set('a', 250_000)] });
    await expect(manager.update(token, { mutations: reads })).rejects.toMatchObject(refused);
    await expect(manager.update(token, { mutations: reads.slice(0, 4) })).resolves.toBeDefined();
  });

  test('a new session is returned beside the results, so both count', async () => {
    const manager = managerWith({ ...generousLimits, maxSessionBytes: 2000, maxReplyBytes: 3000 });
    const refused = tooLarge(3000, 'MAX_REPLY_SIZE');
    await expect(manager.create({ mutations: [setIfAbsent('a', 1501)] })).rejects.toMatchObject(refused);
    await expect(manager.create({ mutations: [setIfAbsent('a', 1499)] })).resolves.toBeDefined();
    await expect(manager.create({ mutations: [set('a', 1999)] })).resolves.toBeDefined();
  });

  test('a session may be larger than a reply of results', async () => {
    const manager = managerWith({ ...generousLimits, maxReplyBytes: 1000 });
    const { token } = await manager.create({ mutations: [set('a', 100_000)] });
    await expect(manager.update(token, { mutations: [{ kind: 'take', key: 'a' }] })).resolves.toMatchObject({
      results: [{ applied: true, value: text(100_000) }],
    });
  });

  test('an element larger than a session is refused before it is parsed', async () => {
    const manager = managerWith({ ...generousLimits, maxSessionBytes: 1000 });
    const notJson: Mutation = { kind: 'append', key: 'a', value: Buffer.alloc(1001, '['), unlessPresent: true };
    const remove: Mutation = { kind: 'delete', key: 'a' };
    await expect(manager.create({ mutations: [notJson, remove] })).rejects.toMatchObject({
      reason: 'SESSION_TOO_LARGE',
    });
  });

  test('every queue can be popped and pushed to, however small the budgets are', async () => {
    const manager = managerWith({ ...generousLimits, maxReplyBytes: 1, maxWorkBytes: 1 });
    const { token } = await manager.create({ mutations: [] });
    const messages = Array.from({ length: 50 }, (_, index) => Buffer.from(`"message ${index}"`));
    for (const message of messages) {
      await expect(manager.pushFlash(token, { queue: '', message, unlessPresent: true })).resolves.toBe(true);
    }
    await expect(manager.popFlash(token, '')).resolves.toMatchObject({ messages });
  });
});

describe('the key that signed the token', () => {
  const keys = { old: randomSigningKey(), recent: randomSigningKey() };
  const { store } = newStore(generousLimits);
  const managerOf = (signingKeys: readonly Buffer[], recordsKeys: boolean) => {
    const tokens = createTokens(signingKeys, { recordsKeys });
    return new SessionManager({ store, tokens, limits: generousLimits, expiry, events: ignoreEvents });
  };
  const keyOf = async (handle: string) => {
    const session = await store.inventory.inspect(handle, false);
    return session === 'not_found' ? session : session.signingKey;
  };

  test('is recorded with each new token if that is wanted, and forgotten otherwise', async () => {
    const [old, recent] = [managerOf([keys.old], true), managerOf([keys.recent, keys.old], true)];
    const unrecorded = managerOf([keys.recent], false);
    const { token, session } = await old.create({ mutations: [] });
    expect(await keyOf(session.handle)).toBe(fingerprintOf(keys.old));
    const { token: second } = await recent.regenerate(token, { mutations: [] });
    expect(await keyOf(session.handle)).toBe(fingerprintOf(keys.recent));
    await unrecorded.update(second, { mutations: [set('a', 3)] });
    expect(await keyOf(session.handle)).toBe(fingerprintOf(keys.recent));
    await unrecorded.regenerate(second, { mutations: [] });
    expect(await keyOf(session.handle)).toBeUndefined();
    expect(await keyOf((await unrecorded.create({ mutations: [] })).session.handle)).toBeUndefined();
  });
});
