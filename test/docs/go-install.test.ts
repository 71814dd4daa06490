import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { stackForEachTest } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { blocksOf, root } from './markdown';

const { go } = toolchains();
sayIfMissing('the installation of the Go module', go);
const run = go.missing === undefined ? test : test.skip;
const stack = stackForEachTest();

const repository = 'github.com/session-sidecar/session-sidecar';
const [published = '', fromClone = ''] = blocksOf('docs/guide/go.md').flatMap(({ language, text }) =>
  language === 'sh' ? [text] : [],
);
const program = `package main

import (
	"fmt"

	sidecar "${repository}/client/go"
	"${repository}/client/go/websession"
)

func main() {
	_, err := websession.New((&sidecar.Client{}), websession.Options{})
	fmt.Println("installed", err)
}
`;

/** Runs the commands in an empty module, then a program that uses what they install. */
async function install(commands: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { env } = go as Found;
  const cwd = join(stack.directory(), 'app');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'main.go'), program);
  const lines = ['set -e', 'go mod init example.com/app', commands, 'go run .'];
  const { stdout } = await execute('sh', ['-c', lines.join('\n')], { cwd, env: { ...env, ...more } });
  return stdout;
}

describe('the Go module', () => {
  run('is used from a clone, in an empty folder', async () => {
    expect(fromClone).toContain('../session-sidecar');
    expect(await install(fromClone.replaceAll('../session-sidecar', root))).toBe('installed <nil>\n');
  });

  run('is installed with go get from a released tag', async () => {
    const { env } = go as Found;
    const version = /proto\/gen\/go (v\S+)/.exec(readFileSync(join(root, 'client/go/go.mod'), 'utf8'))?.[1];
    const clone = join(stack.directory(), 'released.git');
    await execute('git', ['clone', '--quiet', '--bare', root, clone]);
    // As scripts of the release tag it.
    for (const folder of ['client/go', 'proto/gen/go'])
      await execute('git', ['-C', clone, 'tag', '--force', `${folder}/${version}`]);
    // A module cache of its own, because a version is not downloaded again. What is not ours comes from the usual one.
    const directory = stack.directory();
    const output = await install(published.trim(), {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.file://${clone}.insteadOf`,
      GIT_CONFIG_VALUE_0: `https://${repository}`,
      GOPRIVATE: repository,
      GOPROXY: `file://${env['GOMODCACHE']}/cache/download,https://proxy.golang.org`,
      GOSUMDB: 'off',
      GOMODCACHE: join(directory, 'mod'),
    });
    expect(output).toBe('installed <nil>\n');
  });
});
