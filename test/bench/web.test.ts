import { expect, test } from '@jest/globals';
import { selectCases } from '../../bench/src/cases';
import { processTreeOf } from '../../bench/src/os-figures';
import { serversOf } from '../../bench/src/servers';
import { webFrameworks } from '../../bench/src/web-apps';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

test('every framework has rows for rate and CPU time, and Flask and Go have them with the cache, too', () => {
  const rows = selectCases({ pattern: /^web-/, quick: false }).flatMap((each) => each.rows);
  const ids = [...webFrameworks.map((name) => `web-${name}-16`), 'web-flask-cached-16', 'web-go-cached-16'];
  expect([...rows].sort()).toEqual(ids.flatMap((id) => [id, `${id}-cpu`]).sort());
});

test('only the sides with the sidecar start one', () => {
  expect(serversOf['web-flask-cached']).toMatchObject({
    grpc: 'sidecar',
    app: { framework: 'flask', store: 'cached' },
  });
  expect(serversOf['web-flask-library']).not.toHaveProperty('grpc');
});

test('the processes of an application include those that its workers have started', async () => {
  const shell = stack.command('/bin/sh', ['-c', `sh -c 'sleep 600 & echo "$!"; wait' & echo "$!"; wait`]);
  await until('both to print', () => shell.output().stdout.split('\n').length > 2);
  const printed = shell.output().stdout.trim().split('\n').map(Number);
  expect(processTreeOf(shell.child.pid!).sort()).toEqual([shell.child.pid, ...printed].sort());
});
