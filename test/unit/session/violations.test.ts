import { describe, expect, test } from '@jest/globals';
import { invalidArgument } from '../../../server/src/session/errors';
import { boundViolations, Violations } from '../../../server/src/session/violations';

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ field: `mutations[${index}]`, description: 'Expected something.' }));

describe('violations', () => {
  test.each([0, 1, 8])('%d are all named', (count) => {
    const violations = new Violations();
    violations.add(...many(count));
    expect(violations.toList()).toEqual(many(count));
  });

  test.each([
    [9, '1 more field is wrong.'],
    [2_000_000, '1999992 more fields are wrong.'],
  ])('of %d, the first 8 are named, and the rest are counted', (count, description) => {
    const violations = new Violations();
    for (let index = 0; index < count; index += 1) violations.add({ field: `mutations[${index}]`, description: 'x' });
    expect(violations.toList()).toHaveLength(9);
    expect(violations.toList()[8]).toEqual({ field: '', description });
  });

  test('a list that is bounded stays as it is', () => {
    const bounded = boundViolations(many(100));
    expect(bounded).toHaveLength(9);
    expect(boundViolations(bounded)).toEqual(bounded);
  });

  test('an error of whatever violations has a short message and short fields', () => {
    const long = Array.from({ length: 1000 }, () => ({ field: 'f'.repeat(100_000), description: 'd'.repeat(100_000) }));
    const { message, violations } = invalidArgument(long);
    expect(JSON.stringify({ message, violations }).length).toBeLessThan(8000);
    expect(message).toMatch(/992 more fields are wrong\.$/);
  });
});
