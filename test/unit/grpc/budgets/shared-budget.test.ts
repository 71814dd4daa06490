import { describe, expect, test } from '@jest/globals';
import { SharedBudget } from '../../../../server/src/grpc/budgets/shared-budget';

describe('a budget that clients share', () => {
  test('may be used up by one of them', () => {
    const share = new SharedBudget(100).open();
    share.add(60);
    expect([share.allows(40), share.allows(41)]).toEqual([true, false]);
  });

  test('leaves each client an equal part when it is spent, newcomers included', () => {
    const budget = new SharedBudget(100);
    const [greedy, modest, newcomer] = [budget.open(), budget.open(), budget.open()];
    greedy.add(100);
    modest.add(20);
    expect(budget.isSpent).toBe(true);
    expect([greedy.allows(0), modest.allows(30), modest.allows(31)]).toEqual([false, true, false]);
    expect([newcomer.allows(33), newcomer.allows(34)]).toEqual([true, false]);
  });

  test('is whole again when everything is returned', () => {
    const budget = new SharedBudget(100);
    const shares = Array.from({ length: 5 }, () => budget.open());
    for (const share of shares) share.add(50);
    for (const share of shares) share.add(-50);
    expect(budget.total).toBe(0);
    expect(shares[0]!.allows(100)).toBe(true);
  });
});
