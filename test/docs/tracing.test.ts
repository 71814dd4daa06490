import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { otelVariables, settingRows } from '../../server/src/config';
import { documentedMetrics } from '../k8s/rules';
import { brokenLinksOf, root } from './markdown';

const page = 'docs/operate/tracing.md';
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const text = read(page);

// test/process/tracing.test.ts compares its table of attributes with the spans of a sidecar.
describe(page, () => {
  test('has no link that leads to nothing', () => {
    expect(brokenLinksOf(page)).toEqual([]);
  });

  test('names only settings, variables and metrics that exist', () => {
    const known = [...settingRows().map(({ variable }) => variable), ...otelVariables.flatMap(({ names }) => names)];
    const named = text.match(/(SESSION_SIDECAR|OTEL)_[A-Z_]*[A-Z]/g) ?? [];
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
    const metrics = text.match(/session_sidecar_\w+/g) ?? [];
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => !documentedMetrics.has(name))).toEqual([]);
  });

  test('quotes lines that the sidecar logs', () => {
    const sources = ['app', 'serve', 'tracing/tracing'].map((name) => read(`server/src/${name}.ts`)).join('');
    const quoted = [...text.matchAll(/log (?:line|has) `([^`]+)`/g)].map(([, line = '']) => line);
    expect(quoted).toHaveLength(2);
    expect(quoted.filter((line) => !sources.includes(`'${line}'`))).toEqual([]);
  });
});
