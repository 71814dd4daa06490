import { expect, test } from '@jest/globals';
import { DataCheck } from '../../../server/src/session/data-rule';
import { schemaViolation } from '../../../server/src/session/errors';

const data = (...keys: string[]) => new Map(keys.map((key) => [key, Buffer.from('1')]));
const violation = (field: string) => ({ field: `/${field}`, description: 'Must not be there.' });
const noKeys = { violationsOf: (all: ReturnType<typeof data>) => [...all.keys()].map(violation) };

test('without a rule, all data is right', () => {
  const check = new DataCheck();
  expect(check.isOn).toBe(false);
  expect(check.added(undefined, data('a'))).toEqual([]);
});

test('what was wrong before is not added by a change; of a new session, everything is', () => {
  const check = new DataCheck(noKeys);
  expect(check.added(data('a', 'b'), data('a', 'c'))).toEqual([violation('c')]);
  expect(check.added(data('a', 'b'), data('a'))).toEqual([]);
  expect(check.added(undefined, data('a', 'b'))).toEqual([violation('a'), violation('b')]);
});

test('another problem at a place that was wrong before is added', () => {
  let description = 'Must be integer.';
  const check = new DataCheck({ violationsOf: () => [{ field: '/a', description }] });
  expect(check.added(data('a'), data('a'))).toEqual([]);
  const violationsOf = (all: ReturnType<typeof data>) => [{ field: '/a', description: all.has('b') ? 'New.' : 'Old.' }];
  description = 'unused';
  check.replace({ violationsOf });
  expect(check.added(data('a'), data('a', 'b'))).toEqual([{ field: '/a', description: 'New.' }]);
});

test('the error names the setting and the places, and is bounded', () => {
  const error = schemaViolation([{ field: '', description: 'Must be object.' }, violation('a')]);
  expect(error).toMatchObject({
    reason: 'SCHEMA_VIOLATION',
    message:
      "The session's data would violate the schema of SESSION_SIDECAR_DATA_SCHEMA_FILE. Nothing was stored. All data: Must be object. /a: Must not be there.",
    metadata: { setting: 'SESSION_SIDECAR_DATA_SCHEMA_FILE' },
  });
  const many = Array.from({ length: 100 }, (_, at) => violation(String(at)));
  expect(schemaViolation(many).violations).toHaveLength(9);
});
