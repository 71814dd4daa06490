import { expect, test } from '@jest/globals';
import { contractApps, traitNames, usual } from '../interop/http/contract-apps';
import type { Traits } from '../interop/http/contract-apps';
import { rowsOf } from './markdown';

test('docs/guide/web-sessions.md lists what frameworks force to be different, and for which', () => {
  const traits = Object.keys(traitNames) as (keyof Traits)[];
  const expected = traits.map((trait) => {
    const apps = contractApps.filter((app) => String(app[trait]) !== String(usual[trait]));
    return [traitNames[trait], apps.map(({ name }) => name)];
  });
  const rows = rowsOf('docs/guide/web-sessions.md').filter(({ different }) => different !== undefined);
  const listed = rows.map(({ what, different = '' }) => {
    const names = contractApps.map(({ name }) => name).filter((name) => new RegExp(`\\b${name}\\b`).test(different));
    return [what, names];
  });
  expect(listed).toEqual(expected);
});
