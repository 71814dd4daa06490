import { beforeEach, describe, expect, test } from '@jest/globals';
import { checkHistory } from './check';
import { goodHistory } from './good-history';
import type { Call, FaultEvent, History, Operation, Outcome, State, Success } from './history';

const seeds = Array.from({ length: 25 }, (_, seed) => seed);

/** The promises that a history breaks, each once. */
function brokenBy(history: History): string[] {
  return [...new Set(checkHistory(history).map(({ promise }) => promise))];
}

describe('a history in which every promise is kept', () => {
  test.each([
    ['plain', {}],
    ['read from memory', { nearCache: true }],
    ['with a failover', { loss: 'recent' }],
    ['with a restart that loses everything', { loss: 'sessions' }],
  ] as const)('is found good: %s', (_what, options) => {
    for (const seed of seeds) {
      const violations = checkHistory(goodHistory({ seed, ...options }));
      expect({ seed, messages: violations.map(({ message }) => message) }).toEqual({ seed, messages: [] });
    }
  });
});

/** A history by hand: one session, created at 0, and calls on it. */
class Story {
  readonly operations: Operation[] = [];
  readonly faults: FaultEvent[] = [];
  readonly readiness: History['readiness'][number][] = [];
  readonly memory: History['memory'][number][] = [];
  readonly stalls: History['stalls'][number][] = [];
  idleTimeoutMs: number | undefined;
  nearCache = false;
  clientCache = false;
  #token = 's';

  constructor() {
    this.call('s', 0, { kind: 'create' }, { version: 1, csrf: 'csrf-s' });
  }

  /** What `id` asks for at a time, answered 10 ms later. */
  call(
    id: string,
    at: number,
    call: Call,
    outcome: Omit<Success, 'status'> | Outcome = {},
    more: Partial<Operation> = {},
  ): this {
    this.operations.push({
      ...{ id, process: 'p', sidecar: 'a', session: 's', token: this.#token, call, invoked: at, completed: at + 10 },
      ...{ deadline: at + 1000, outcome: 'status' in outcome ? outcome : { status: 'ok', ...outcome } },
      ...more,
    });
    return this;
  }

  update(id: string, at: number, outcome: Omit<Success, 'status'> | Outcome, more?: Partial<Operation>): this {
    return this.call(id, at, { kind: 'update', through: 'api', writes: [] }, outcome, more);
  }

  read(
    id: string,
    at: number,
    version: number,
    log: string[],
    more?: Partial<Operation>,
    state: Partial<State> = {},
  ): this {
    const shown = { version, state: { log, count: 0, registers: {}, ...state } };
    return this.call(id, at, { kind: 'read', through: 'api' }, shown, more);
  }

  withToken(token: string): this {
    this.#token = token;
    return this;
  }

  fault(event: Partial<FaultEvent> & Pick<FaultEvent, 'injected' | 'possible'>): this {
    this.faults.push({ kind: 'fault', detail: '', healed: event.possible, sidecars: ['a', 'b'], ...event });
    return this;
  }

  get history(): History {
    const { operations, faults, readiness, memory, stalls, nearCache, clientCache, idleTimeoutMs } = this;
    return {
      ...{ operations, faults, readiness, memory, stalls, sessions: [{ name: 's', slot: 100, idleTimeoutMs }] },
      setup: {
        ...{ nearCache, clientCache, touchIntervalMs: 100, memoryLimitBytes: 1000 },
        slack: { lateMs: 50, recoveryMs: 100, deadlineMs: 100, stalenessMs: 50 },
      },
    };
  }
}

const maybe = (code = 'STORE_UNAVAILABLE'): Outcome => ({ status: 'failed', code, maybeApplied: true });
const refused = (code = 'STORE_UNAVAILABLE'): Outcome => ({ status: 'failed', code, maybeApplied: false });
const notFound = refused('SESSION_NOT_FOUND');

let story: Story;

beforeEach(() => {
  story = new Story();
});

/** A good story, and how it becomes one in which a promise is broken. */
function tell(good: (story: Story) => unknown, bad: (story: Story) => unknown, promise: string): void {
  good(story);
  expect(brokenBy(story.history)).toEqual([]);
  bad(story);
  expect(brokenBy(story.history)).toContain(promise);
}

describe('changes', () => {
  test('one that was acknowledged is missing', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }).read('r', 105, 1, ['s']),
      (s) => s.read('r2', 200, 2, ['s']),
      'no acknowledged change is lost',
    );
  });

  test('one is there twice', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }).read('r', 200, 2, ['s', '1']),
      (s) => s.read('r2', 300, 2, ['s', '1', '1']),
      'no change is applied twice',
    );
  });

  test('one that was refused is there', () => {
    tell(
      (s) => s.update('1', 100, refused()).read('r', 200, 1, ['s']),
      (s) => s.read('r2', 300, 2, ['s', '1']),
      'a change that was refused is not applied',
    );
  });

  test('one is there that was not asked for, or not yet', () => {
    tell(
      (s) => s.update('1', 100, maybe()).read('r', 200, 2, ['s', '1']),
      (s) => s.read('r2', 300, 3, ['s', '1', 'x']),
      'nothing is stored that was not asked for',
    );
    story.update('2', 500, { version: 3 }).read('r3', 400, 3, ['s', '1', '2']);
    expect(brokenBy(story.history)).toContain('nothing is read before it was asked for');
  });

  test('one appears after its caller was told that it failed', () => {
    tell(
      (s) => s.update('1', 100, maybe()).read('r', 150, 1, ['s']).read('r2', 200, 1, ['s']),
      (s) => s.read('r3', 300, 2, ['s', '1']),
      'nothing takes effect late',
    );
  });

  test('one overwrites what was acknowledged after its caller gave up', () => {
    tell(
      (s) => s.update('1', 100, maybe()).update('2', 300, { version: 2 }).read('r', 400, 2, ['s', '2']),
      (s) => s.read('r3', 3000, 3, ['s', '2', '1']),
      'nothing takes effect late',
    );
  });

  test('one takes effect after its deadline, where its caller heard nothing', () => {
    tell(
      (s) => s.update('1', 100, maybe('UNAVAILABLE')).read('r', 900, 1, ['s']).read('r2', 1000, 2, ['s', '1']),
      (s) =>
        s
          .update('2', 1200, maybe('UNAVAILABLE'), { deadline: 1300 })
          .read('r3', 1400, 2, ['s', '1'])
          .read('r4', 1500, 3, ['s', '1', '2']),
      'nothing takes effect late',
    );
  });

  test('half of one is there', () => {
    const increment: Call = {
      kind: 'update',
      through: 'api',
      writes: [
        { kind: 'increment', by: 5 },
        { kind: 'set', key: 'a' },
      ],
    };
    const whole = { count: 5, registers: { a: '1' } };
    tell(
      (s) =>
        s.call('1', 100, increment, { version: 2, values: ['5', undefined] }).read('r', 200, 2, ['s', '1'], {}, whole),
      (s) => s.read('r2', 300, 2, ['s', '1'], {}, { ...whole, count: 0 }),
      'reads show whole changes',
    );
  });

  test('one is told something else than what it did', () => {
    const take: Call = { kind: 'update', through: 'api', writes: [{ kind: 'take', key: 'a' }] };
    tell(
      (s) => s.call('1', 100, take, { version: 2, values: [undefined] }).read('r', 200, 2, ['s', '1']),
      (s) => s.call('2', 300, take, { version: 3, values: ['1'] }).read('r2', 400, 3, ['s', '1', '2']),
      'changes are told what they did',
    );
  });

  test('two stand in another order than they were made in', () => {
    tell(
      (s) => s.update('1', 100, { version: 3 }).update('2', 105, { version: 2 }).read('r', 200, 3, ['s', '2', '1']),
      (s) =>
        s
          .update('3', 300, { version: 5 })
          .update('4', 400, { version: 4 })
          .read('r2', 500, 5, ['s', '2', '1', '4', '3']),
      'changes stand in their order',
    );
  });

  test('two reads go on differently from the same place', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }).update('2', 100, { version: 3 }).read('r', 200, 3, ['s', '1', '2']),
      (s) => s.read('r2', 300, 3, ['s', '2', '1']),
      'one history',
    );
  });
});

describe('versions', () => {
  test('an older one comes after a newer one', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }).read('r', 105, 1, ['s']),
      (s) => s.read('r2', 200, 1, ['s', '1']),
      'versions only grow',
    );
  });

  test('two changes have the same', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }),
      (s) => s.update('2', 105, { version: 2 }),
      'each change has its version',
    );
  });

  test('it is greater than the number of changes', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }),
      (s) => s.read('r', 200, 3, ['s', '1']),
      'the version counts changes',
    );
  });

  test('if_version did not hold', () => {
    const update: Call = { kind: 'update', through: 'api', writes: [], ifVersion: 1 };
    tell(
      (s) => s.call('1', 100, update, { version: 2 }),
      (s) => s.call('2', 200, update, { version: 3 }),
      'if_version holds',
    );
  });

  test('a near cache shows an older one for longer than a second, or to who has seen a newer one', () => {
    story.nearCache = true;
    tell(
      (s) => s.update('1', 100, { version: 2 }).read('r', 1000, 1, ['s'], { sidecar: 'b' }),
      (s) => s.read('r2', 1300, 1, ['s'], { sidecar: 'b' }),
      'no acknowledged change is lost',
    );
    story = new Story();
    story.nearCache = true;
    tell(
      (s) => s.update('1', 100, { version: 2 }).read('r', 200, 2, ['s', '1'], { sidecar: 'b' }),
      (s) => s.read('r2', 300, 1, ['s'], { sidecar: 'b' }),
      'versions only grow',
    );
  });
});

describe('a cache in the client', () => {
  const bySession: Call = { kind: 'read', through: 'session' };
  const shows = (version: number, log: string[]) => ({ version, state: { log, count: 0, registers: {} } });

  test('shows an older session for longer than a second', () => {
    story.clientCache = true;
    tell(
      (s) => s.update('1', 100, { version: 2 }).call('r', 1000, bySession, shows(1, ['s'])),
      (s) => s.call('r2', 1300, bySession, shows(1, ['s'])),
      'no acknowledged change is lost',
    );
  });

  test('shows an older session than the one that it has changed itself', () => {
    story.clientCache = true;
    const transform: Call = { kind: 'update', through: 'session', writes: [] };
    tell(
      (s) => s.call('1', 100, transform, { version: 2 }).call('r', 200, bySession, shows(2, ['s', '1'])),
      (s) => s.call('r2', 300, bySession, shows(1, ['s'])),
      'no acknowledged change is lost',
    );
  });

  test('accepts a token that was invalidated for longer than a second', () => {
    story.clientCache = true;
    tell(
      (s) => s.call('i', 100, { kind: 'invalidate' }).call('r', 1000, bySession, shows(1, ['s'])),
      (s) => s.call('r2', 1300, bySession, shows(1, ['s'])),
      'old tokens are dead',
    );
  });
});

describe('tokens', () => {
  test('one is accepted after its session was invalidated', () => {
    tell(
      (s) => s.call('i', 100, { kind: 'invalidate' }).call('r', 200, { kind: 'getCsrf' }, notFound),
      (s) => s.update('1', 300, { version: 2 }),
      'old tokens are dead',
    );
  });

  test('one is accepted after it was replaced', () => {
    tell(
      (s) =>
        s
          .call('g', 100, { kind: 'regenerate' }, { version: 2, csrf: 'csrf-g' })
          .withToken('g')
          .read('r', 200, 2, ['s', 'g']),
      (s) => s.withToken('s').read('r2', 300, 2, ['s', 'g']),
      'old tokens are dead',
    );
  });

  test('a near cache accepts one for longer than a second', () => {
    story.nearCache = true;
    tell(
      (s) => s.call('i', 100, { kind: 'invalidate' }).read('r', 1000, 1, ['s'], { sidecar: 'b' }),
      (s) => s.read('r2', 1200, 1, ['s'], { sidecar: 'b' }),
      'old tokens are dead',
    );
  });

  test('a session comes back', () => {
    tell(
      (s) => s.call('i', 100, { kind: 'invalidate' }, maybe()).update('1', 200, notFound),
      (s) => s.update('2', 300, { version: 2 }),
      'no session comes back',
    );
  });
});

describe('expiry', () => {
  test('a session is lost', () => {
    tell(
      (s) => s.update('1', 100, { version: 2 }),
      (s) => s.update('2', 200, notFound),
      'no session is lost',
    );
  });

  test('a session ends before its idle timeout', () => {
    story.idleTimeoutMs = 1000;
    tell(
      (s) => s.update('1', 500, { version: 2 }),
      (s) => s.update('2', 1400, notFound),
      'no session expires early',
    );
  });

  test('a session outlives its idle timeout', () => {
    story.idleTimeoutMs = 1000;
    tell(
      (s) => s.update('1', 1100, { version: 2 }).update('2', 2240, { version: 3 }),
      (s) => s.update('3', 3500, { version: 4 }),
      'sessions expire',
    );
  });
});

describe('flash messages', () => {
  const pushed = (s: Story): Story => s.call('f', 100, { kind: 'pushFlash' });
  const pop = (s: Story, id: string, at: number, ...messages: string[]): Story =>
    s.call(id, at, { kind: 'popFlash' }, { messages });

  test('one is popped twice', () => {
    tell(
      (s) => pop(pushed(s), 'p1', 200, 'f'),
      (s) => pop(s, 'p2', 300, 'f'),
      'no flash message is popped twice',
    );
  });

  test('one is lost', () => {
    tell(pushed, (s) => pop(s, 'p1', 200), 'no flash message is lost');
  });

  test('one comes from nowhere', () => {
    tell(pushed, (s) => pop(s, 'p1', 200, 'f', 'x'), 'no flash message comes from nowhere');
  });

  test('two come in the wrong order', () => {
    tell(
      (s) => pushed(s).call('g', 150, { kind: 'pushFlash' }),
      (s) => pop(s, 'p1', 200, 'g', 'f'),
      'flash messages come in their order',
    );
  });

  test('one is still shown when it was popped', () => {
    tell(
      (s) => pop(pushed(s), 'p1', 200, 'f'),
      (s) => s.call('k', 300, { kind: 'peekFlash' }, { messages: ['f'] }),
      'a popped flash message is gone',
    );
  });

  test('one that a pop without an answer may have taken is not missed', () => {
    pop(pushed(story).call('p1', 200, { kind: 'popFlash' }, maybe()), 'p2', 300);
    expect(brokenBy(story.history)).toEqual([]);
  });
});

test('an old CSRF token is told', () => {
  tell(
    (s) => s.call('n', 100, { kind: 'newCsrf' }, { csrf: 'new' }).call('g', 200, { kind: 'getCsrf' }, { csrf: 'new' }),
    (s) => s.call('g2', 300, { kind: 'getCsrf' }, { csrf: 'csrf-s' }),
    'the CSRF token is the last one made',
  );
});

describe('calls', () => {
  test('one ends long after its deadline, or never', () => {
    tell(
      (s) => s.update('1', 100, maybe('DEADLINE_EXCEEDED'), { completed: 1150 }),
      (s) => s.update('2', 200, maybe('DEADLINE_EXCEEDED'), { completed: 1400 }),
      'every call ends by its deadline',
    );
    story = new Story().update('1', 100, { status: 'open' }, { completed: Infinity });
    expect(brokenBy(story.history)).toContain('every call ends by its deadline');
  });

  test.each(['INTERNAL', 'UNKNOWN', 'TOKEN_INVALID', 'CANCELLED', 'STORE_FULL', 'TypeError: x'])(
    'one fails with %s',
    (code) => {
      tell(
        (s) => s.update('1', 100, maybe()),
        (s) => s.update('2', 200, maybe(code)),
        'every failure is documented',
      );
    },
  );

  test('one is given up before its deadline', () => {
    tell(
      (s) => s.update('1', 100, maybe('DEADLINE_EXCEEDED'), { completed: 1105 }),
      (s) => s.update('2', 1200, maybe('DEADLINE_EXCEEDED'), { completed: 1300 }),
      'no call is given up before its deadline',
    );
  });
});

describe('sidecars', () => {
  /** Calls every 50 ms that succeed, or not. */
  const calls = (s: Story, from: number, to: number, outcome: (version: number) => Outcome): Story => {
    for (let at = from; at < to; at += 50) {
      const version = 1 + s.operations.filter((operation) => operation.outcome.status === 'ok').length;
      s.update(`u${at}`, at, outcome(version));
    }
    return s;
  };
  const ok = (version: number): Outcome => ({ status: 'ok', version });

  test('calls do not succeed within a second of it being possible', () => {
    tell(
      (s) =>
        calls(
          calls(calls(s, 0, 1000, ok), 1000, 2400, () => refused()),
          2400,
          3000,
          ok,
        ).fault({ injected: 1000, possible: 1500 }),
      (s) => s.faults.splice(0, 1, { ...s.faults[0]!, possible: 1100 }),
      'calls succeed within a second of it being possible',
    );
  });

  test('calls fail for a second without a fault', () => {
    tell(
      (s) =>
        calls(
          calls(calls(s, 0, 1000, ok), 1000, 1300, () => refused()),
          1300,
          2000,
          ok,
        ),
      (s) => calls(s, 2000, 3100, () => refused()),
      'no outage without a fault',
    );
  });

  test('a call fails in a planned restart', () => {
    const restart = { injected: 1000, possible: 1300, restart: { sidecar: 'a', downMs: 300 } };
    tell(
      (s) =>
        calls(s, 0, 1000, ok).fault(restart).update('1', 1100, maybe('UNAVAILABLE'), { deadline: 1400, sidecar: 'b' }),
      (s) => s.update('2', 1100, maybe('UNAVAILABLE')),
      'no call fails in a planned restart',
    );
  });

  test('a sidecar is ready though no call succeeds', () => {
    const ready = (s: Story, status: number): void => {
      for (let at = 0; at < 6000; at += 100) s.readiness.push({ sidecar: 'a', at, status: at > 2500 ? status : 200 });
    };
    tell(
      (s) => {
        calls(calls(s, 0, 1000, ok), 1000, 6000, () => refused()).fault({ injected: 900, possible: 5900 });
        ready(s, 503);
      },
      (s) => {
        s.readiness.splice(0);
        ready(s, 200);
      },
      'readiness is truthful',
    );
  });

  test('a sidecar is not ready though every call succeeds', () => {
    tell(
      (s) => {
        calls(s, 0, 6000, ok);
        for (let at = 0; at < 1500; at += 100) s.readiness.push({ sidecar: 'a', at, status: 503 });
      },
      (s) => {
        for (let at = 1500; at < 6000; at += 100) s.readiness.push({ sidecar: 'a', at, status: 503 });
      },
      'readiness is truthful',
    );
  });

  test('a sidecar takes more memory than it may', () => {
    tell(
      (s) => s.memory.push({ sidecar: 'a', at: 100, residentBytes: 900 }),
      (s) => s.memory.push({ sidecar: 'a', at: 200, residentBytes: 1100 }),
      'memory stays inside the limit',
    );
  });
});

describe('what a fault excuses, and what not', () => {
  const failover = { injected: 1000, possible: 2000, loss: { what: 'recent', from: 1000, until: 2000 } } as const;

  test('a failover: what was acknowledged before the promotion, and nothing after it', () => {
    tell(
      (s) => s.fault(failover).update('1', 1500, { version: 2 }).read('r', 2500, 1, ['s']),
      (s) => s.update('2', 2600, { version: 2 }).read('r2', 2700, 1, ['s']),
      'no acknowledged change is lost',
    );
  });

  test('a failover of another shard: nothing', () => {
    tell(
      (s) =>
        s
          .fault({ ...failover, slots: [[50, 150]] })
          .update('1', 1500, { version: 2 })
          .read('r', 2500, 1, ['s']),
      (s) =>
        s.faults.splice(0, 1, {
          ...s.faults[0]!,
          slots: [
            [0, 99],
            [101, 200],
          ],
        }),
      'no acknowledged change is lost',
    );
  });

  test('a failover: not that a change is applied twice or late', () => {
    tell(
      (s) =>
        s.fault(failover).update('1', 1500, maybe()).update('2', 2100, { version: 2 }).read('r', 2500, 2, ['s', '2']),
      (s) => s.read('r2', 2600, 3, ['s', '2', '1']),
      'nothing takes effect late',
    );
  });

  test('a restart that loses everything: whole sessions, not parts of them', () => {
    const restart = { ...failover, loss: { ...failover.loss, what: 'sessions' } } as const;
    tell(
      (s) => s.fault(restart).update('1', 1500, { version: 2 }).update('2', 2500, notFound),
      (s) => {
        s.operations.pop();
        s.read('r', 2500, 1, ['s']);
      },
      'no acknowledged change is lost',
    );
  });

  test('a restart that loses everything: not that a session is lost later', () => {
    const restart = { ...failover, loss: { ...failover.loss, what: 'sessions' } } as const;
    tell(
      (s) => s.fault({ ...restart, injected: 100 }).update('1', 900, { version: 2 }),
      (s) => {
        s.faults.splice(0, 1, { ...s.faults[0]!, loss: { what: 'sessions', from: -200, until: -100 } });
        s.update('2', 3000, notFound);
      },
      'no session is lost',
    );
  });

  test('a failover: a change at a version whose number was given again, and no other', () => {
    tell(
      (s) =>
        s
          .fault(failover)
          .update('1', 1500, maybe(), { call: { kind: 'update', through: 'session', writes: [] } })
          .read('r', 2500, 2, ['s', '1'], {}, { count: 3 }),
      (s) => s.operations.splice(1, 1, { ...s.operations[1]!, call: { kind: 'update', through: 'api', writes: [] } }),
      'reads show whole changes',
    );
  });

  test('a server that was demoted: what reads of it show for a moment, and nothing that it acknowledges', () => {
    const demotion = { ...failover, loss: { ...failover.loss, readUntil: 2300 } } as const;
    tell(
      (s) =>
        s.fault(demotion).update('1', 1500, { version: 2 }).read('r', 2200, 2, ['s', '1']).read('r2', 2250, 1, ['s']),
      (s) => s.read('r3', 2400, 2, ['s', '1']).read('r4', 2500, 1, ['s']),
      'versions only grow',
    );
  });

  test('a sidecar that stood still: that it is ready when it goes on, and not that it stays so', () => {
    const calls = (s: Story, from: number, to: number): Story => {
      for (let at = from; at < to; at += 50) s.update(`u${at}`, at, refused());
      return s;
    };
    tell(
      (s) => {
        calls(s.update('1', 900, { version: 2 }), 1000, 4100).fault({ injected: 950, possible: 4000, stopped: 'a' });
        s.readiness.push({ sidecar: 'a', at: 4050, status: 200 });
      },
      (s) => {
        calls(s, 4100, 7000);
        s.faults.push({ ...s.faults[0]!, injected: 4100, possible: 7000, stopped: undefined });
        s.readiness.push({ sidecar: 'a', at: 6900, status: 200 });
      },
      'readiness is truthful',
    );
  });

  test('a planned restart: a transform of a session that others change all the time, and of no other', () => {
    const transform: Call = { kind: 'update', through: 'session', writes: [] };
    tell(
      (s) => {
        s.fault({ injected: 1000, possible: 1300, restart: { sidecar: 'a', downMs: 300 } });
        for (let n = 1; n <= 30; n++) s.update(`other-${n}`, 1100 + 10 * n, { version: n + 1 });
        s.update('1', 1100, maybe(), { call: transform, completed: 4100, deadline: 4100 });
      },
      (s) =>
        s
          .update('2', 5100, maybe(), { call: transform, completed: 8100, deadline: 8100 })
          .fault({ injected: 5000, possible: 5300, restart: { sidecar: 'a', downMs: 300 } }),
      'no call fails in a planned restart',
    );
  });

  test('a fault after a planned restart: calls that it ended, and not those that ended before', () => {
    const restart = { injected: 1000, possible: 1300, restart: { sidecar: 'a', downMs: 300 } };
    tell(
      (s) =>
        s
          .fault(restart)
          .fault({ injected: 2500, possible: 2700, sidecars: ['a'] })
          .update('1', 2200, maybe('UNAVAILABLE'), { completed: 2520 }),
      (s) => s.update('2', 2200, maybe('UNAVAILABLE'), { completed: 2400 }),
      'no call fails in a planned restart',
    );
  });

  test('two faults in a row: that a sidecar was ready between them, and not that it is long after', () => {
    const calls = (s: Story, from: number, to: number): Story => {
      for (let at = from; at < to; at += 50) s.update(`u${at}`, at, refused());
      return s;
    };
    tell(
      (s) => {
        calls(s.update('1', 900, { version: 2 }), 1000, 9000);
        s.fault({ injected: 950, possible: 4500 }).fault({ injected: 4700, possible: 8900 });
        s.readiness.push({ sidecar: 'a', at: 4600, status: 200 });
      },
      (s) => s.readiness.push({ sidecar: 'a', at: 8000, status: 200 }),
      'readiness is truthful',
    );
  });

  test('a machine that stood still: calls that ended as late as that', () => {
    story.update('1', 100, maybe('DEADLINE_EXCEEDED'), { completed: 2000 });
    story.stalls.push({ process: 'p', from: 200, to: 1200 });
    expect(brokenBy(story.history)).toEqual([]);
  });
});
