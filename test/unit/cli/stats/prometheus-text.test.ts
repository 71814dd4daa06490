import { expect, test } from '@jest/globals';
import { parseMetrics } from '../../../../server/src/cli/stats/prometheus-text';

test('samples have a name, labels and a value; other lines are skipped', () => {
  const text = [
    '# HELP up Whether it is up.',
    '# TYPE up gauge',
    'up 1',
    '',
    'calls_total{method="Get",status="OK"} 12 1700000000000',
    'size_bucket{le="+Inf"} 3',
    'nothing NaN',
    'least -Inf',
  ].join('\n');
  expect(parseMetrics(text)).toEqual([
    { name: 'up', labels: {}, value: 1 },
    { name: 'calls_total', labels: { method: 'Get', status: 'OK' }, value: 12 },
    { name: 'size_bucket', labels: { le: '+Inf' }, value: 3 },
    { name: 'nothing', labels: {}, value: NaN },
    { name: 'least', labels: {}, value: -Infinity },
  ]);
});

test('escapes in labels are resolved', () => {
  const [sample] = parseMetrics(String.raw`a{b="x\"y\\z\nw",c="{,}"} 1`);
  expect(sample).toEqual({ name: 'a', labels: { b: 'x"y\\z\nw', c: '{,}' }, value: 1 });
});
