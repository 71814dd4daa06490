import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../lib/run.mjs';
import { moduleVersions } from './programs.mjs';

const page = join(root, 'docs', 'operate', 'cluster-report.md');

/**
 * Writes docs/operate/cluster-report.md.
 *
 * @param {object} run
 * @param {string} run.results the file that jest wrote
 * @param {string} run.figures a file with a line of JSON per figure
 * @param {string} run.usr where containerd is
 */
export function writeReport({ results, figures, usr }) {
  const { testResults, startTime } = JSON.parse(readFileSync(results, 'utf8'));
  const measured = readFileSync(figures, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const seconds = Math.round((Math.max(...testResults.map(({ endTime }) => endTime)) - startTime) / 1000);
  const text = printReport({
    date: new Date(startTime).toISOString().slice(0, 10),
    seconds,
    versions: versions(usr),
    figures: measured,
    tests: testResults
      .map(({ name, assertionResults }) => ({
        file: basename(name),
        titles: assertionResults.map(({ fullName }) => fullName),
      }))
      .sort((a, b) => (a.file < b.file ? -1 : 1)),
  });
  writeFileSync(page, text);
  execFileSync(join(root, 'node_modules', '.bin', 'oxfmt'), [page]);
}

/** The report as Markdown. */
export function printReport({ date, seconds, versions, figures, tests }) {
  const count = tests.reduce((sum, { titles }) => sum + titles.length, 0);
  return [
    '# Cluster report',
    `All ${count} tests of \`npm run test:cluster\` passed on ${date}, in ${seconds} s, on a Kubernetes of one node. [Kubernetes](kubernetes.md#what-is-tested) says what that shows and what it does not. A run of all tests writes this page.`,
    '## Versions',
    table(['what', 'version'], Object.entries(versions)),
    '## Figures',
    'Of one run on a machine with two cores, on which etcd, Kubernetes, Redis, the shop and the load all run. On other hardware, expect the same order of magnitude, not the same numbers.',
    table(
      ['what', 'figure'],
      figures.map(({ what, figure }) => [what, figure]),
    ),
    '## What passed',
    ...tests.flatMap(({ file, titles }) => [
      `### \`test/cluster/${file}\``,
      titles.map((title) => `- ${title}`).join('\n'),
    ]),
    '',
  ].join('\n\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function versions(usr) {
  const modules = moduleVersions();
  const first = (command, args) => /\d+\.\d+(\.\d+)?/.exec(execFileSync(command, args, { encoding: 'utf8' }))[0];
  return {
    Kubernetes: modules['k8s.io/kubernetes'].slice(1),
    etcd: modules['go.etcd.io/etcd/server/v3'].slice(1),
    CoreDNS: modules['github.com/coredns/coredns'].slice(1),
    'metrics-server': modules['sigs.k8s.io/metrics-server'].slice(1),
    'Prometheus operator': modules['github.com/prometheus-operator/prometheus-operator'].slice(1),
    Helm: modules['helm.sh/helm/v3'].slice(1),
    containerd: first(join(usr, 'bin', 'containerd'), ['--version']),
    runc: first(join(usr, 'sbin', 'runc'), ['--version']),
    Redis: first('redis-server', ['--version']),
    'Node.js in the images': process.versions.node,
    'the sidecar': JSON.parse(readFileSync(join(root, 'server', 'package.json'), 'utf8')).version,
  };
}
