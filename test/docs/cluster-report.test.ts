import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { brokenLinksOf, root, rowsOf } from './markdown';

const page = 'docs/operate/cluster-report.md';
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const text = read(page);
const files = readdirSync(join(root, 'test/cluster')).filter((name) => name.endsWith('.cluster.ts'));

/** Matches a template of a source, with any text for what it fills in. */
const patternOf = (source: string) =>
  new RegExp(
    `^${source
      .split(/\$\{[^}]*\}/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('.+')}$`,
  );

describe(page, () => {
  test('is of the tests that exist', () => {
    const sections = [...text.matchAll(/^### `test\/cluster\/(\S+)`$/gm)].map(([, file]) => file);
    expect(sections).toEqual(files.sort());
  });

  test.each(files)('lists each test of %s as passed, and no other', (file) => {
    const [, section = ''] = text.split(`### \`test/cluster/${file}\``);
    const passed = [...section.split('\n### ')[0]!.matchAll(/^- (.+(?:\n {2}.+)*)$/gm)].map(([, title]) =>
      title!.replaceAll(/\s+/g, ' '),
    );
    const titles = [...read(`test/cluster/${file}`).matchAll(/^ *test\('(.+)',/gm)].map(([, title]) => title!);
    expect(titles.length).toBeGreaterThan(0);
    expect(titles.filter((title) => !passed.some((one) => one.endsWith(title)))).toEqual([]);
    expect(passed.filter((one) => !titles.some((title) => one.endsWith(title)))).toEqual([]);
  });

  test('has every figure that the tests report, and no other', () => {
    const calls = files.flatMap((file) => [...read(`test/cluster/${file}`).matchAll(/\breport\(\s*(['`])(.+?)\1,/g)]);
    const reported = calls.map(([, , what]) => what!);
    expect(reported.length).toBeGreaterThan(5);
    const figures = rowsOf(page).flatMap(({ what, figure }) => (figure === undefined ? [] : what!));
    expect(reported.filter((what) => !figures.some((one) => patternOf(what).test(one)))).toEqual([]);
    expect(figures.filter((one) => !reported.some((what) => patternOf(what).test(one)))).toEqual([]);
  });

  test('names the versions that the cluster is built from', () => {
    const built = read('scripts/cluster/programs/go.mod').replaceAll(' // indirect', '');
    const versionOf = (name: string) => rowsOf(page).find(({ what, version }) => what === name && version)?.['version'];
    const modules = {
      Kubernetes: 'k8s.io/kubernetes',
      etcd: 'go.etcd.io/etcd/server/v3',
      CoreDNS: 'github.com/coredns/coredns',
      'metrics-server': 'sigs.k8s.io/metrics-server',
      'Prometheus operator': 'github.com/prometheus-operator/prometheus-operator',
      Helm: 'helm.sh/helm/v3',
    };
    for (const [name, module] of Object.entries(modules)) expect(built).toContain(`${module} v${versionOf(name)}\n`);
  });

  test('names no path and no address of the machine', () => {
    expect(text).not.toMatch(/(^|[\s`(])\/(tmp|home|root|work|usr)\b|\d+\.\d+\.\d+\.\d+/m);
    expect(brokenLinksOf(page)).toEqual([]);
  });
});
