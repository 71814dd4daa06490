import { beforeEach, expect, jest, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import { warnOfUnsaved } from '../../../../client/src/web/unsaved-warning';

const warnings: unknown[] = [];
let now = 0;

beforeEach(() => {
  warnings.length = 0;
  now = 0;
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(warning));
});

const unavailable = new SessionError('UNAVAILABLE', 'made up');
const unsaved = (reason: string) => `The session of a response of status 400 or above was not saved: ${reason}.`;

test('Warns of the first, and once a minute of the number of the others', () => {
  const warn = warnOfUnsaved(() => now);
  for (let count = 0; count < 5; count++) warn(unavailable);
  expect(warnings).toEqual([unsaved('UNAVAILABLE')]);
  now = 59_999;
  warn(unavailable);
  now = 60_000;
  warn(unavailable);
  now = 120_000;
  warn(unavailable);
  expect(warnings.slice(1)).toEqual([
    `${unsaved('UNAVAILABLE')} 5 more since the last warning.`,
    unsaved('UNAVAILABLE'),
  ]);
});

test('Contains nothing of an error that may quote a value', () => {
  warnOfUnsaved(() => now)(new TypeError('secret'));
  warnOfUnsaved(() => now)('secret');
  expect(warnings).toEqual([unsaved('TypeError'), unsaved('string')]);
});
