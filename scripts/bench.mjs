// npm run bench, npm run bench:scale: measures on the Node.js release of the image, whose results are the headline. Others: --node 24,26
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imageMajor, installNode, nodeVersions } from './lib/node-versions.mjs';
import { root } from './lib/run.mjs';

const [program, ...args] = process.argv.slice(2);
const { values, tokens } = parseArgs({ args, options: { node: { type: 'string' } }, strict: false, tokens: true });
const majors = typeof values.node === 'string' ? values.node.split(',').map(Number) : [imageMajor];
const passedOn = tokens
  .filter(({ name }) => name !== 'node')
  .map((token) => {
    if (token.kind === 'positional') return token.value;
    return token.inlineValue ? `${token.rawName}=${token.value}` : token.rawName;
  });

const releases = majors.map((major) => nodeVersions.find((release) => release.major === major));
if (releases.includes(undefined)) {
  const known = nodeVersions.map(({ major }) => major).join(', ');
  console.error(`Expected --node to be a comma-separated list out of ${known}, got ${String(values.node)}.`);
  process.exit(64);
}
for (const { major, version } of releases) {
  const command = installNode(version);
  if (command === undefined) {
    console.error(`Not measured on Node.js ${version}, because it could not be downloaded.`);
    process.exitCode = 1;
    continue;
  }
  console.error(`Measuring on Node.js ${version} …`);
  const results = major === imageMajor ? 'latest' : `node-${major}`;
  // Everything the benchmark starts runs on the release that runs the benchmark.
  const file = join(root, 'bench', 'dist', `${program}.js`);
  const { status } = spawnSync(command, [file, '--results', results, ...passedOn], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = status ?? 1;
}
