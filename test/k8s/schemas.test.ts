import { expect, test } from '@jest/globals';
import { canRender, only, overlays, render } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { describeWith } from '../support/tools';
import { problemsOf } from './schemas';

/** The web Deployment with a change to its sidecar. */
function withContainer(change: (container: Manifest) => void): Manifest {
  const deployment = structuredClone(only(render('dev'), 'Deployment', 'web'));
  change(deployment['spec'].template.spec.initContainers[0]);
  return deployment;
}

describeWith('kustomize 5', canRender)('what kustomize makes of each overlay', () => {
  test('there are overlays for one Redis, Sentinel and Cluster', () => {
    expect(overlays).toEqual(['cluster', 'dev', 'sentinel']);
  });

  test.each(overlays)('%s: every document fits the API that it names', (overlay) => {
    const documents = render(overlay);
    expect(documents.length).toBeGreaterThan(7);
    expect(problemsOf(documents)).toEqual({});
  });
});

describeWith('kustomize 5', canRender)('documents that do not fit', () => {
  test.each<[string, (container: Manifest) => void, RegExp]>([
    ['a field that does not exist', (it) => Object.assign(it, { restartPolcy: 'Always' }), /restartPolcy/],
    ['a number where a text belongs', (it) => Object.assign(it, { image: 7 }), /image must be string/],
    ['a quantity that is none', (it) => Object.assign(it['resources'].limits, { memory: '256 MB' }), /quantity/],
    ['a required field that is missing', (it) => delete it['startupProbe'].httpGet.port, /port/],
    ['a value out of a closed set', (it) => Object.assign(it, { imagePullPolicy: 'Sometimes' }), /allowed values/],
  ])('%s is found', (_what, change, problem) => {
    expect(problemsOf([withContainer(change)])['Deployment web']?.join()).toMatch(problem);
  });

  test('a kind that does not exist is found', () => {
    const [document] = render('dev');
    expect(problemsOf([{ ...document!, kind: 'Pood' }])).not.toEqual({});
  });
});
