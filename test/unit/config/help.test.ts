import { describe, expect, test } from '@jest/globals';
import { helpText, otelVariables, settingRows } from '../../../server/src/config';
import { entries, flagOf, variableOf } from '../../../server/src/config/settings';
import { load, problemsOf } from './loading';

describe('--help', () => {
  test('has every setting with its variable, flag or file, default and meaning', () => {
    const help = helpText();
    for (const [, setting] of entries) {
      const variable = variableOf(setting);
      const other = setting.secret ? `or ${variable}_FILE` : `--${flagOf(setting) ?? ''}`;
      const fallback = setting.fallback ?? setting.absent ?? '';
      expect(help).toContain(
        `  ${variable}, ${other}\n      ${setting.help}\n      Value: ${setting.kind.name}. Default: ${fallback}.\n`,
      );
    }
  });
});

test('--help has every variable of OpenTelemetry that is honoured', () => {
  for (const { names, fallback, help } of otelVariables) {
    expect(helpText()).toContain(`  ${names.join(', or ')}\n      ${help} Default: ${fallback}.\n`);
  }
});

describe('the table of settings', () => {
  test('says of each what happens when it is not set', () => {
    expect(settingRows().filter(({ fallback }) => fallback === '')).toEqual([]);
  });

  test('has defaults that are themselves allowed values', () => {
    const env = Object.fromEntries(
      entries.flatMap(([, { name, fallback }]) => (fallback === undefined ? [] : [[name, fallback]])),
    );
    expect(problemsOf({ env })).toEqual([]);
    expect(load({ env }).config).toEqual(load().config);
  });

  test('makes no secret a flag', () => {
    const secrets = settingRows().filter(({ flag }) => flag === undefined);
    const names = [
      'API_TOKENS',
      'ADMIN_TOKENS',
      'SIGNING_KEYS',
      'ENCRYPTION_KEYS',
      'REDIS_URL',
      'REDIS_SENTINEL_PASSWORD',
      'REDIS_PASSWORD',
    ];
    expect(secrets.map(({ variable }) => variable)).toEqual(names.map((name) => `SESSION_SIDECAR_${name}`));
  });
});
