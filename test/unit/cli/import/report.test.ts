import { expect, test } from '@jest/globals';
import { resultOf } from '../../../../server/src/cli/import/report';
import { Results } from '../../../../server/src/cli/import/results';
import type { Failure } from '../../../../server/src/cli/import/results';

test('reasons have the same order, in whichever order the keys came', () => {
  const reasonsOf = (...failures: readonly Failure[]) => {
    const results = new Results();
    for (const failure of failures) results.fail(failure);
    return Object.keys(resultOf(results, { isDry: false, isComplete: true }).failures);
  };
  const inOrder = ['not_a_string', 'not_json', 'other_format'];
  expect(reasonsOf('not_a_string', 'not_json', 'other_format')).toEqual(inOrder);
  expect(reasonsOf('other_format', 'not_json', 'not_a_string', 'not_json')).toEqual(inOrder);
});
