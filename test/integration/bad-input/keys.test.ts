import type { RawClient } from '../../support/raw-grpc';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import { encodeRequest, methods, mutation } from '../../support/raw-grpc';
import { describeBadInput, withBytes, invalid, marked, nameRule } from './fixture';

describeBadInput('in keys', (fixture) => {
  let raw: RawClient;
  let token: string;

  beforeEach(() => {
    ({ raw, token } = fixture);
  });
  const { refused, update } = fixture;

  const badKeys: Readonly<Record<string, [key: string, got: string]>> = {
    'that is empty': ['', '0 bytes'],
    'of 257 bytes': [marked.padEnd(257, 'x'), '257 bytes'],
    'of 10 KB': [marked.repeat(2048), '10240 bytes'],
    'that is short in characters but not in bytes': [`${marked}${'é'.repeat(126)}`, '257 bytes'],
    'with a line break': [`${marked}\n`, 'a control character'],
    'with a zero byte': [`${marked}\u0000`, 'a control character'],
    'with a tab': [`${marked}\t`, 'a control character'],
    'with an escape': [`${marked}\u001b[31m`, 'a control character'],
    'with a delete': [`${marked}\u007f`, 'a control character'],
    'with a C1 control character': [`${marked}\u0085`, 'a control character'],
  };
  const withKey: Readonly<Record<string, (key: string) => Mutation>> = {
    set: (key) => mutation.set(key, '1'),
    set_if_absent: (key) => mutation.setIfAbsent(key, '1'),
    delete: mutation.delete,
    take: mutation.take,
    append: (key) => mutation.append(key, '1'),
    increment: (key) => mutation.increment(key, 1),
  };

  describe.each(Object.entries(badKeys))('one %s', (_what, [key, got]) => {
    test.each(Object.entries(withKey))('is refused in %s', async (kind, make) => {
      const violations = { [`mutations[1].${kind}.key`]: `${nameRule} ${got}.` };
      expect(await refused(() => update(mutation.set('fine', '1'), make(key)))).toMatchObject(invalid(violations));
    });
  });

  test('one that is not UTF-8 is refused, in every method that changes', async () => {
    const mutations = [mutation.set('zebra??', '1')];
    for (const method of ['createSession', 'updateSession', 'regenerateSession'] as const) {
      const bytes = withBytes(encodeRequest(method, { token, mutations }), '??', [0xc3, 0x28]);
      const violations = { 'mutations[0].set.key': `${nameRule} invalid UTF-8.` };
      expect(await refused(() => raw.send(methods[method].name, bytes))).toMatchObject(invalid(violations));
    }
  });

  test('every wrong one is named, not only the first', async () => {
    const failure = await refused(() =>
      update(mutation.delete(''), mutation.take('fine'), mutation.set('', ''), mutation.take('\n')),
    );
    expect(Object.keys(failure.violations)).toEqual([
      'mutations[0].delete.key',
      'mutations[2].set.key',
      'mutations[2].set.value',
      'mutations[3].take.key',
    ]);
  });

  const oddKeys = [
    ...[
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      ' ',
      '  two  spaces ',
      '"',
      '\\',
      "'",
      '%s',
      '${x}',
      '{}',
      '=1,1 a b',
    ],
    ...[
      '@0,1',
      '!0,7',
      '1 1 1',
      'a=b',
      'session:x',
      '🍪',
      '👩‍👩‍👧',
      '日本語',
      'עברית',
      'e\u0301',
      '\u00e9',
      '\u2028',
      '\u200b',
      '\ufeff',
      'é'.repeat(128),
    ],
    'x'.repeat(256),
  ];

  test('unusual but valid ones are accepted and returned unchanged, in order', async () => {
    const mutations = oddKeys.map((key, index) => mutation.set(key, String(index)));
    const { token: odd } = await raw.call('createSession', { mutations });
    const { data } = (await raw.call('getSession', { token: odd })).session!;
    expect([...data].map(([key, value]) => [key, String(value)])).toEqual(
      oddKeys.map((key, index) => [key, String(index)]),
    );
  });

  test('unusual ones are ordinary keys to the TypeScript client', async () => {
    const mutations = oddKeys.map((key, index) => mutation.set(key, String(index)));
    const { token: odd } = await raw.call('createSession', { mutations });
    const client = fixture.connect<Record<string, number>>();
    const opened = await client.open(odd);
    expect(oddKeys.map((key) => opened.get(key))).toEqual(oddKeys.map((_, index) => index));
    for (const key of oddKeys) opened.set(key, 7);
    await opened.save();
    expect([...(await client.open(odd)).values()]).toEqual(oddKeys.map(() => 7));
    expect(opened.has('isPrototypeOf')).toBe(false);
  });
});
