// npm run test:nodes: runs npm test on each supported Node.js release, and prints a table of the results. Numbers choose majors,
// the rest goes to jest: npm run test:nodes -- 22 24 test/process
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { installNode, isVersion, nodeVersions } from './lib/node-versions.mjs';
import { installPackages } from './lib/packages.mjs';
import { root } from './lib/run.mjs';

const args = process.argv.slice(2);
const isMajor = (arg) => /^\d+$/.test(arg);
const chosen = args.filter(isMajor).map(Number);
const jestArgs = args.filter((arg) => !isMajor(arg));

// Now, because it would remove the Node.js that it runs on: that is installed among the packages.
installPackages();

const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-node-versions-'));
const outcomes = nodeVersions
  .filter(({ major }) => chosen.length === 0 || chosen.includes(major))
  .map(({ major, version }) => ({ major, version, ...testOn(version) }));
rmSync(directory, { recursive: true });

for (const { version, failures } of outcomes) {
  for (const failure of failures) console.error(`On ${version}: ${failure}`);
}
console.table(
  Object.fromEntries(outcomes.map(({ major, failures, ...row }) => [major, { ...row, failed: failures.length }])),
);
process.exitCode = outcomes.every(({ passed, failures }) => passed > 0 && failures.length === 0) ? 0 : 1;

/** Runs the tests with a Node.js release: jest, and through PATH the programs that tests start. */
function testOn(version) {
  const command = installNode(version);
  if (command === undefined) return nothing('NOT TESTED, because npm could not be asked for this Node.js.');
  const env = { ...process.env, PATH: [dirname(command), process.env.PATH].join(delimiter) };
  if (!isVersion('node', version, env))
    return nothing('NOT TESTED, because `node` is another Node.js in spite of PATH.');
  console.log(`\nTesting on Node.js ${version} …\n`);
  const report = join(directory, `${version}.json`);
  const script = join(root, 'scripts', 'test.mjs');
  const started = Date.now();
  spawnSync(command, [script, '--json', `--outputFile=${report}`, ...jestArgs], { cwd: root, env, stdio: 'inherit' });
  const seconds = Math.round((Date.now() - started) / 1000);
  if (!existsSync(report)) return nothing('The tests did not run to their end.');
  const { numPassedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  return {
    passed: numPassedTests,
    skipped: numPendingTests + numTodoTests,
    seconds,
    failures: testResults.flatMap(failuresOf),
  };
}

function nothing(reason) {
  return { passed: 0, skipped: 0, seconds: 0, failures: [reason] };
}

/** The names of a file's failed tests, or why none of them ran. */
function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((result) => result.status === 'failed');
  if (status === 'failed' && failed.length === 0) return [`${name}: ${message}`];
  return failed.map(({ fullName }) => `${name}: ${fullName}`);
}
