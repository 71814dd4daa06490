import { describe, expect, test } from '@jest/globals';
import { scriptSource } from '../../../../../server/src/store/redis/scripts/script-sources';
import { generousLimits, twentyMinutes } from '../../../../support/store-harness';

const settings = { expiry: twentyMinutes, limits: generousLimits, expireKeys: true };

describe.each(['create', 'load', 'update', 'delete'] as const)('the text of %s', (name) => {
  const text = scriptSource(name, settings);

  test('begins with its flags', () => {
    expect(text).toMatch(/^#!lua( flags=[\w,-]+)?\n/);
  });

  test('has every included file once, before what includes it', () => {
    const declared = (line: string, kind: string) => new RegExp(`^-- @${kind} (\\S+)$`).exec(line)?.[1];
    const included = text.split('\n').flatMap((line) => declared(line, 'include') ?? []);
    expect(included.every((path) => path.startsWith('lib/'))).toBe(true);
    const definitions = [...text.matchAll(/^local function (\w+)/gm)].map(([, definition]) => definition);
    expect(new Set(definitions).size).toBe(definitions.length);
  });

  test('defines every setting that it declares, before the first use', () => {
    const names = [...text.matchAll(/^-- @setting (\S+)$/gm)].map(([, setting]) => setting);
    for (const setting of names) {
      const definition = text.search(new RegExp(`^local ${setting} = \\S+$`, 'm'));
      expect(definition).toBeGreaterThan(-1);
      expect(definition).toBe(text.search(new RegExp(`\\b${setting}\\b`)) - 'local '.length);
    }
  });
});

test('a setting that is not set is nil', () => {
  const text = scriptSource('load', { ...settings, expiry: { ...twentyMinutes, maxLifetime: undefined } });
  expect(text).toMatch(/^local max_lifetime = nil$/m);
});
