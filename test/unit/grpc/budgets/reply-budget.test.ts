import { describe, expect, test } from '@jest/globals';
import { ReplyBudget } from '../../../../server/src/grpc/budgets/reply-budget';

describe('the budget of replies', () => {
  const kib = 1024;
  const open = (budget: ReplyBudget) => {
    const ended: number[] = [];
    const account = budget.open(() => ended.push(account.held));
    return { account, ended };
  };

  test('stops the calls of a client that does not read its replies, and not those of others', () => {
    const budget = new ReplyBudget(1000 * kib);
    const [bad, good] = [open(budget).account, open(budget).account];
    for (let calls = 0; bad.mayStart() && calls < 1000; calls++) bad.finish(bad.start(), 100 * kib);
    expect(bad.held).toBeGreaterThan(800 * kib);
    expect(bad.held).toBeLessThanOrEqual(1000 * kib);
    expect(good.mayStart()).toBe(true);
  });

  test('expects replies as large as recent ones, so that calls in flight together find room', () => {
    const budget = new ReplyBudget(1000 * kib);
    const { account } = open(budget);
    account.finish(account.start(), 100 * kib);
    account.sent(100 * kib);
    let started = 0;
    while (account.mayStart() && started < 1000) {
      account.start();
      started += 1;
    }
    expect(started).toBe(10);
    // One that comes later has not had a reply yet, and is expected to be like the others.
    expect(open(budget).account.expected).toBe(100 * kib);
  });

  test('forgets large replies after some small ones', () => {
    const { account } = open(new ReplyBudget(1000 * kib));
    account.finish(account.start(), 500 * kib);
    for (let replies = 0; replies < 200; replies++) account.finish(account.start(), 100);
    expect(account.expected).toBeLessThan(10 * kib);
  });

  test('ends only the client that holds most when replies far exceed the budget', () => {
    const budget = new ReplyBudget(1000 * kib);
    const [worst, other] = [open(budget), open(budget)];
    other.account.finish(other.account.start(), 500 * kib);
    for (let calls = 0; calls < 16; calls++) worst.account.finish(worst.account.start(), 100 * kib);
    expect(worst.ended).toEqual([0]);
    expect(other.ended).toEqual([]);
    expect(budget.total).toBe(500 * kib);
  });

  test('starts waiting calls when replies are read, as many as there is room for', () => {
    const budget = new ReplyBudget(1000 * kib);
    const { account } = open(budget);
    account.finish(account.start(), 900 * kib);
    const resumed: number[] = [];
    const waiting = Array.from({ length: 100 }, (_, n) => ({
      resume: () => {
        if (!account.mayStart()) {
          budget.wait(waiting[n]!);
          return false;
        }
        account.start();
        resumed.push(n);
        return true;
      },
    }));
    for (const one of waiting) budget.wait(one);
    account.sent(900 * kib);
    expect(resumed).toEqual([0]);
    account.finish(900 * kib, 10);
    expect(resumed.length).toBeGreaterThan(1);
  });
});
