import { describe, expect, test } from '@jest/globals';
import { entries, variableOf } from '../../../server/src/config/settings';
import { load, signingKey } from './loading';
import type { Given } from './loading';

const reportOf = (given: Given) => new Map(load(given).report.map((row) => [row.variable, row]));

describe('the report of the settings', () => {
  test('has every setting in the order of the documentation, with its default', () => {
    const report = [...reportOf({}).values()];
    expect(report.map(({ variable }) => variable)).toEqual(entries.map(([, setting]) => variableOf(setting)));
    expect(report.map(({ value }) => value)).toEqual(entries.map(([, { fallback }]) => fallback));
    expect(new Set(report.map(({ source }) => source))).toEqual(new Set(['default']));
    // Either a value or what happens without one.
    expect(report.filter(({ value, note }) => value === undefined && note === undefined)).toEqual([]);
  });

  test('names where a value comes from', () => {
    const report = reportOf({
      env: { MAX_KEYS: '5', SIGNING_KEYS_FILE: '/keys', IDLE_TIMEOUT: '1h' },
      args: ['--idle-timeout', '2h'],
      files: { '/keys': signingKey },
    });
    const of = (name: string) => report.get(`SESSION_SIDECAR_${name}`);
    expect(of('MAX_KEYS')).toMatchObject({ value: '5', source: 'variable', from: 'SESSION_SIDECAR_MAX_KEYS' });
    expect(of('IDLE_TIMEOUT')).toMatchObject({ value: '2h', source: 'flag', from: '--idle-timeout' });
    expect(of('SIGNING_KEYS')).toMatchObject({
      value: 'set',
      source: 'file',
      from: 'SESSION_SIDECAR_SIGNING_KEYS_FILE',
    });
  });

  test('says why a value has no effect', () => {
    expect(reportOf({ env: { REDIS_DB: '2' } }).get('SESSION_SIDECAR_REDIS_DB')).toMatchObject({
      value: '2',
      note: 'no Redis is configured, so sessions are kept in memory',
    });
  });

  test('has no secret, whatever it is and wherever it comes from', () => {
    const env: Record<string, string> = { REDIS_URL: 'redis://MARKuser:MARKpassword@cache:6380/3' };
    for (const [, { name, secret }] of entries) {
      const isOfSentinel = name.startsWith('REDIS_SENTINEL');
      if (secret && name !== 'REDIS_URL' && !isOfSentinel && name !== 'REDIS_PASSWORD')
        env[name] = `MARK${name.replace(/\W|_/g, '')}${'k'.repeat(40)}`;
    }
    const report = reportOf({ env });
    expect(JSON.stringify([...report.values()])).not.toMatch(/MARK|kkk/);
    const url = report.get('SESSION_SIDECAR_REDIS_URL');
    expect(url).toMatchObject({ value: 'redis://***@cache:6380/3', source: 'variable', from: 'REDIS_URL' });
    const inFile = reportOf({
      env: { SIGNING_KEYS: signingKey, REDIS_URL_FILE: '/url' },
      files: { '/url': 'rediss://:MARKpassword@[fd00::7]' },
    });
    expect(inFile.get('SESSION_SIDECAR_REDIS_URL')).toMatchObject({
      value: 'rediss://***@[fd00::7]:6379',
      source: 'file',
    });
  });
});
