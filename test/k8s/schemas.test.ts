import { beforeAll, expect, test } from '@jest/globals';
import { canRender, only, overlays, render } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { describeWith } from '../support/tools';
import { problemsOfEach } from './schemas';
import type { Problems } from './schemas';

/** Ways to spoil the sidecar's container, and what is then found. */
const mistakes: Readonly<Record<string, readonly [change: (container: Manifest) => void, problem: RegExp]>> = {
  'a field that does not exist': [(it) => Object.assign(it, { restartPolcy: 'Always' }), /restartPolcy/],
  'a number where a text belongs': [(it) => Object.assign(it, { image: 7 }), /image must be string/],
  'a quantity that is none': [(it) => Object.assign(it['resources'].limits, { memory: '256 MB' }), /quantity/],
  'a required field that is missing': [(it) => delete it['startupProbe'].httpGet.port, /port/],
  'a value out of a closed set': [(it) => Object.assign(it, { imagePullPolicy: 'Sometimes' }), /allowed values/],
};

describeWith('kustomize 5', canRender)('what kustomize makes', () => {
  const rendered = new Map<string, readonly Manifest[]>();
  const problems = new Map<string, Problems>();

  beforeAll(() => {
    for (const overlay of overlays) rendered.set(overlay, render(overlay));
    const dev = rendered.get('dev')!;
    const lists = new Map(rendered);
    for (const [what, [change]] of Object.entries(mistakes)) {
      const deployment = structuredClone(only(dev, 'Deployment', 'web'));
      change(deployment['spec'].template.spec.initContainers[0]);
      lists.set(what, [deployment]);
    }
    lists.set('a kind that does not exist', [{ ...dev[0]!, kind: 'Pood' }]);
    const found = problemsOfEach([...lists.values()]);
    [...lists.keys()].forEach((name, index) => problems.set(name, found[index]!));
  });

  test('is there for one Redis, Sentinel and Cluster, and for the example shop', () => {
    expect(overlays).toEqual(['cluster', 'dev', 'sentinel', 'shop']);
  });

  test.each(overlays)('of the overlay %s fits, document by document, the API that it names', (overlay) => {
    expect(rendered.get(overlay)!.length).toBeGreaterThan(7);
    expect(problems.get(overlay)).toEqual({});
  });

  test.each(Object.entries(mistakes))('does not fit with %s', (what, [, problem]) => {
    expect(problems.get(what)?.['Deployment web']?.join()).toMatch(problem);
  });

  test('does not fit with a kind that does not exist', () => {
    expect(Object.keys(problems.get('a kind that does not exist')!)).toEqual([expect.stringMatching(/^Pood /)]);
  });
});
