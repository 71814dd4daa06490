import { describe, expect, test } from '@jest/globals';
import {
  applyAttributes,
  attributeChanges,
  knownAttributes,
  leaseChange,
  leaseOf,
  noAttributes,
  previousToken,
  previousTokenChange,
} from '../../../server/src/store/attributes';

describe('attributes', () => {
  test('hold a lease, whatever its holder is called', () => {
    const lease = { fence: 1_795_545_576_005_123, expires: 1_795_545_586_005, holder: 'one, "two" 3' };
    expect(leaseOf(applyAttributes(noAttributes, [leaseChange(lease)]))).toEqual(lease);
    const released = { ...lease, expires: 0, holder: '' };
    expect(leaseOf(applyAttributes(noAttributes, [leaseChange(released)]))).toEqual(released);
  });

  test('hold a replaced token, beside a subject, until it is removed', () => {
    const previous = { secretHash: 'dfY5JE24fBlCNkGKhpR2R6ZnEq7MKdi_IqqmaRCoZY4', ends: 1_795_545_586_005 };
    const both = applyAttributes(noAttributes, [
      ...attributeChanges({ subject: 'ada' }),
      previousTokenChange(previous),
    ]);
    expect(previousToken(both)).toEqual(previous);
    expect(knownAttributes(both)).toMatchObject({ subject: 'ada' });
    expect(previousToken(applyAttributes(both, [previousTokenChange(undefined)]))).toBeUndefined();
  });

  test.each(['', 'x', '1', '1 2', 'a b c'])('take %j for no lease', (text) => {
    expect(leaseOf(new Map([['lease', text]]))).toBeUndefined();
  });

  test.each(['', 'x', 'hash', 'hash never', 'a b 3'])('take %j for no replaced token', (text) => {
    expect(previousToken(new Map([['previous', text]]))).toBeUndefined();
  });
});
