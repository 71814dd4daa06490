import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { version } from '../../server/package.json';
import { outputOf } from '../support/commands';
import { secrets } from '../support/manifests';
import { blocksOf, root } from './markdown';

export const page = 'docs/operate/kubernetes.md';
export const blocks = blocksOf(page);

/** The blocks that begin with the path of the file they belong in. */
export const files = blocks.flatMap(({ language, text: block }) => {
  const [, path] = /^# ([\w/.-]+)/.exec(block) ?? [];
  return language === 'yaml' && path !== undefined ? [{ path, block }] : [];
});

/** Writes the files of the page, and the secrets that they name. */
export function writeFiles(directory: string): void {
  for (const { path, block } of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    appendFileSync(join(directory, path), block);
    for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(directory, dirname(path), name), secret);
  }
  writeFileSync(join(directory, 'shop/redis-ca.pem'), '-----BEGIN CERTIFICATE-----\n');
}

/** The environment in which Git finds a release of this checkout's k8s/ where the page says that the repository is. */
export function releaseHere(directory: string): NodeJS.ProcessEnv {
  const repository = join(directory, 'repository');
  cpSync(join(root, 'k8s'), join(repository, 'k8s'), { recursive: true });
  const git = (...args: string[]) => outputOf('git', args, { cwd: repository });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', 'All');
  git('tag', `v${version}`);
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.${repository}.insteadOf`,
    GIT_CONFIG_VALUE_0: 'https://github.com/session-sidecar/session-sidecar',
  };
}
