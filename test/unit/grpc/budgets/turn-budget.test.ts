import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { TurnBudget } from '../../../../server/src/grpc/budgets/turn-budget';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('TurnBudget', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('lets 64 calls start in a turn of the event loop, and again in the next', async () => {
    let turns = 0;
    const budget = new TurnBudget(() => {
      turns += 1;
    });
    jest.spyOn(performance, 'now').mockReturnValue(0);
    for (let call = 0; call < 64; call++) {
      expect(budget.isSpent).toBe(false);
      budget.use();
    }
    expect(budget.isSpent).toBe(true);
    await nextTurn();
    expect(turns).toBe(1);
    expect(budget.isSpent).toBe(false);
  });

  test('lets none start in a turn that has taken 4 ms since the first', () => {
    const budget = new TurnBudget(() => {});
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    budget.use();
    now.mockReturnValue(1003.9);
    expect(budget.isSpent).toBe(false);
    now.mockReturnValue(1004);
    expect(budget.isSpent).toBe(true);
  });

  test('costs nothing while no call starts', async () => {
    let turns = 0;
    const budget = new TurnBudget(() => {
      turns += 1;
    });
    await nextTurn();
    expect(budget.isSpent).toBe(false);
    expect(turns).toBe(0);
  });
});
