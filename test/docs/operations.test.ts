import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { settingRows } from '../../server/src/config';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import nodeVersions from '../../scripts/lib/node-versions.json';
import { sizingPage } from '../../scripts/generate/pages/sizing-page';
import { alerts, documentedSeries } from '../k8s/rules';
import { parse } from '../support/manifests';
import type { RedisServer } from '../support/redis';
import { blocksOf, brokenLinksOf, root, rowsOf } from './markdown';
import { stackForAllTests } from '../support/stack';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = 'docs/operate/operations.md';
const text = read(page);

const [patch] = parse(read('k8s/sidecar/sidecar.yaml'));
const sidecar = patch?.['spec'].template.spec.initContainers[0];

const codeIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe(page, () => {
  test('has no link that leads to nothing', () => {
    expect(brokenLinksOf(page)).toEqual([]);
  });

  test('names only settings and metrics that exist', () => {
    const settings = new Set(settingRows().map(({ variable }) => variable));
    const named = text.match(/SESSION_SIDECAR_[A-Z_]*[A-Z]/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !settings.has(name))).toEqual([]);

    const series = [...text.matchAll(/`((?:session_sidecar|nodejs|process)_\w+)/g)].map(([, name = '']) => name);
    expect(series.length).toBeGreaterThan(2);
    const known = (name: string) => documentedSeries.has(name) || documentedSeries.has(`${name}_sum`);
    expect(series.filter((name) => !known(name))).toEqual([]);
  });

  test('has an entry for each alert, and for no other, that says what it means, what to look at and what to do', () => {
    const [, ofAlerts = ''] = text.split(/^## Alerts$/m);
    const entries = ofAlerts.split(/^### /m).slice(1);
    expect(entries.map((entry) => entry.slice(0, entry.indexOf('\n')))).toEqual(alerts.map(({ alert }) => alert));
    for (const entry of entries) expect(entry).toMatch(/\*\*Means:\*\* [^]+\*\*Look at:\*\* [^]+\*\*Do:\*\* ./);
  });

  test('names panels that the dashboard has', () => {
    const { panels } = JSON.parse(read('k8s/grafana-dashboard.json')) as { panels: { title: string }[] };
    const named = [...text.matchAll(/"([A-Z][a-zA-Z ]+)"/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !panels.some(({ title }) => title === name))).toEqual([]);
  });

  test('quotes lines that the sidecar logs', () => {
    const sources = ['app', 'serve', 'open-store'].map((name) => read(`server/src/${name}.ts`)).join('');
    const quoted = [...text.matchAll(/(?:[Ll]og lines?|last line) `([^`]+)`/g)].map(([, line = '']) => line);
    expect(quoted).toHaveLength(3);
    expect(quoted.filter((line) => !sources.includes(`'${line}'`))).toEqual([]);
  });

  test('states the resources and timeouts of the probes as the manifest does', () => {
    const { requests, limits } = sidecar.resources;
    expect(text).toContain(`asks for ${requests.cpu}`);
    expect(text).toContain(
      `asks for ${requests.memory.replace('Mi', ' MiB')} and allows ${limits.memory.replace('Mi', ' MiB')}`,
    );
    const patience = ({ periodSeconds, failureThreshold }: Record<string, number>) =>
      `${periodSeconds! * failureThreshold!} s`;
    expect(text).toContain(`After ${patience(sidecar.readinessProbe)}`);
    expect(text).toContain(`the liveness probe's patience of ${patience(sidecar.livenessProbe)}`);
  });

  test('names tests and commands that exist', () => {
    const checkedBy = rowsOf(page).flatMap((row) => codeIn(row['checked by']));
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(checkedBy.length).toBeGreaterThan(3);
    for (const one of checkedBy) {
      const [, script] = /^npm run (.+)$/.exec(one) ?? [];
      expect({ one, exists: script === undefined ? existsSync(join(root, one)) : script in scripts }).toEqual({
        one,
        exists: true,
      });
    }
  });
});

describe('the Node.js releases in docs/operate/operations.md', () => {
  test('are those that the tests run on', () => {
    const rows = rowsOf(page).filter((row) => row['tested with'] !== undefined);
    expect(rows).toEqual(
      nodeVersions.map(({ major, version, endOfLife }) => ({
        release: String(major),
        'tested with': version,
        'maintained until': endOfLife,
      })),
    );
  });

  test('are those that packages require, from the oldest release on', () => {
    const { engines } = JSON.parse(read('server/package.json')) as { engines: { node: string } };
    const [, oldest = ''] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
    expect(text).toContain(`run on Node.js ${oldest} and newer`);
    expect(Math.trunc(Number(oldest))).toBe(nodeVersions[0]!.major);
  });

  test('include the one in both stages of the image', () => {
    const lines = [...read('Dockerfile').matchAll(/^ARG \w+_IMAGE=\D+(\d+)/gm)].map(([, line]) => Number(line));
    expect(lines).toEqual([24, 24]);
    expect(text).toContain('The image has 24');
  });
});

test('docs/operate/sizing.md has the numbers of the last full run of the benchmark', () => {
  expect(read('docs/operate/sizing.md')).toBe(sizingPage());
});

describe('changing signing keys as docs/operate/operations.md says', () => {
  const keys = { old: randomSigningKey(), new: randomSigningKey() };
  const steps = rowsOf(page)
    .filter((row) => row['step'] !== undefined)
    .map((row) => codeIn(row['`signing-keys`, in order']));
  const tokensAt = (step: readonly string[]) => createTokens(step.map((name) => keys[name as keyof typeof keys]));
  const accepts = (verifier: readonly string[], signer: readonly string[]) =>
    tokensAt(verifier).verify(tokensAt(signer).issue().token).valid;

  test('has the steps from the old key to the new one', () => {
    expect(steps).toHaveLength(4);
    expect([steps.at(0), steps.at(-1)]).toEqual([['old'], ['new']]);
  });

  test('while a step is rolled out, pods before and after it accept the tokens of each other', () => {
    const pairs = steps.slice(1).flatMap((after, n) => [[steps[n]!, after] as const, [after, steps[n]!] as const]);
    // What was signed before the last but one step has expired by then.
    expect(pairs.filter(([verifier, signer]) => !accepts(verifier, signer))).toEqual([]);
  });

  test('in fewer steps, some pods would reject tokens of others', () => {
    expect(accepts(['old'], ['new', 'old'])).toBe(false);
    expect(accepts(['new'], ['old', 'new'])).toBe(false);
  });
});

describe('changing the password of Redis as docs/operate/operations.md says', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await stack.redis();
    await redis.admin.acl('SETUSER', 'sidecar', 'on', '>old', '+@all', '~*');
  });

  async function connect(password: string): Promise<Redis> {
    const connection = new Redis(redis.url, { username: 'sidecar', password, lazyConnect: true, retryStrategy: null });
    connection.on('error', () => undefined);
    await connection.connect();
    await connection.ping();
    return connection;
  }

  test('both passwords work in between, then only the new one, and open connections stay', async () => {
    const commands = blocksOf(page).find(({ text: block }) => block.startsWith('ACL SETUSER'))?.text ?? '';
    const [give = '', take = ''] = commands.trim().split('\n');
    const run = (command: string) => {
      const [, ...args] = command.split(' ');
      return redis.admin.call('ACL', ...args);
    };
    const early = await connect('old');
    await run(give);
    const connections = [early, await connect('old'), await connect('new')];
    await run(take);
    connections.push(await connect('new'));
    await expect(connect('old')).rejects.toThrow();
    for (const connection of connections) {
      expect(await connection.ping()).toBe('PONG');
      connection.disconnect();
    }
  });
});
