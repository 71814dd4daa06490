import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { TurnBudget, turnSliceMs } from '../../../../server/src/grpc/budgets/turn-budget';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('TurnBudget', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('counts what starts in a turn of the event loop, and reports when the next turn begins', async () => {
    let turns = 0;
    const budget = new TurnBudget(() => {
      turns += 1;
    });
    for (let call = 0; call < 3; call++) budget.use();
    expect(budget.started).toBe(3);
    await nextTurn();
    expect(turns).toBe(1);
    expect(budget.started).toBe(0);
    expect(budget.isSpent).toBe(false);
  });

  test('is spent when the turn has taken its slice since the first piece of work', () => {
    const budget = new TurnBudget(() => {});
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    budget.use();
    now.mockReturnValue(1000 + 0.9 * turnSliceMs);
    expect(budget.isSpent).toBe(false);
    now.mockReturnValue(1000 + turnSliceMs);
    expect(budget.isSpent).toBe(true);
  });

  test('costs nothing while nothing starts', async () => {
    let turns = 0;
    const budget = new TurnBudget(() => {
      turns += 1;
    });
    await nextTurn();
    expect(budget.isSpent).toBe(false);
    expect(turns).toBe(0);
  });
});
