import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { settingRows } from '../../server/src/config';
import { connect } from '../support/client';
import { outcomeOf } from '../support/commands';
import { probe } from '../support/process';
import type { ServingProcess } from '../support/process';
import { stackForAllTests } from '../support/stack';
import { blocksOf, brokenLinksOf, root, rowsOf, shapeOf } from './markdown';

const stack = stackForAllTests();

const page = 'docs/operate/inspector.md';
const text = readFileSync(join(root, page), 'utf8');
const blocks = blocksOf(page);

/** Each command with curl, and the block that follows: what it must print. */
const commands = blocks.flatMap(({ text: command }, at) =>
  command.startsWith('curl') ? [{ command, output: blocks[at + 1]!.text }] : [],
);

let sidecar: ServingProcess;

beforeAll(async () => {
  // The first block starts the sidecar; only the ports differ.
  const [, name = '', value = ''] = /^(SESSION_SIDECAR_INSPECTOR_ADDRESS)=(\S+) session-sidecar$/m.exec(text) ?? [];
  const allowed = /SESSION_SIDECAR_INSPECTOR_SUBJECTS=on/.exec(text)?.[0].split('=') ?? [];
  sidecar = await stack.process({ env: { [name]: value.replace('9465', '0'), [allowed[0]!]: allowed[1]! } });
  const client = stack.use(connect(sidecar));
  const session = client.create();
  session.setSubject('user-7');
  session.setLabel('Firefox on Linux, 192.0.2.7');
  await session.save();
});

/** Without what differs from machine to machine, and from release to release. */
function shapeHere(output: string): unknown {
  const varying = ['version', 'handle', 'node', 'platform', 'pid', 'uptimeSeconds'];
  return JSON.parse(shapeOf(output), (name, value: unknown) =>
    name === 'commit' ? name : varying.includes(name) ? typeof value : value,
  ) as unknown;
}

describe(page, () => {
  test('has no link that leads to nothing, and names only settings that exist', () => {
    expect(brokenLinksOf(page)).toEqual([]);
    const settings = settingRows().map(({ variable }) => variable);
    const named = text.match(/SESSION_SIDECAR_[A-Z_]*[A-Z]/g) ?? [];
    expect(new Set(named).size).toBe(4);
    expect(named.filter((name) => !settings.includes(name))).toEqual([]);
  });

  test('shows four commands with what they print', () => {
    expect(commands).toHaveLength(4);
    expect(blocks).toHaveLength(2 * commands.length + 2);
  });

  test.each(commands)('$command', ({ command, output }) => {
    const { host } = new URL(sidecar.serving.inspector!);
    const { stdout } = outcomeOf('bash', ['-c', command.replaceAll('localhost:9465', host)]);
    expect(shapeHere(stdout)).toEqual(shapeHere(output));
  });

  test('lists every path and method', async () => {
    const rows = rowsOf(page).filter((row) => row['method'] !== undefined);
    const listed = rows.map(({ path = '' }) => path.replaceAll('`', ''));
    const { text: answer } = await probe(`${sidecar.serving.inspector}/nowhere`);
    const served = answer.trim().split(' ').slice(5);
    const assets = ['/inspector.css', '/refresh.js'];
    expect(listed.sort()).toEqual(served.filter((path) => !assets.includes(path)).sort());
    for (const { path = '', method = '' } of rows) {
      const { headers } = await probe(`${sidecar.serving.inspector}${path.replaceAll('`', '')}`, { method: 'DELETE' });
      // POST is for the form of the page.
      expect(headers.get('allow')?.replace(', POST', '')).toBe(method);
    }
  });

  test('describes the table of /config, the history and the limits as they are', async () => {
    const { text: config } = await probe(`${sidecar.serving.inspector}/config`);
    const { settings } = JSON.parse(config) as { settings: Record<string, string>[] };
    for (const setting of settings)
      for (const name of Object.keys(setting).slice(1)) expect(text).toContain(`\`${name}\``);
    const { text: stats } = await probe(`${sidecar.serving.inspector}/stats.json`);
    const { history } = JSON.parse(stats) as { history: { maxSamples: number; intervalSeconds: number } };
    expect(text).toContain(`${history.maxSamples} samples, one every ${history.intervalSeconds} seconds`);
  });
});
