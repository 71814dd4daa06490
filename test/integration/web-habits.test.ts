import { promisify } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import type { SessionCallback } from '@session-sidecar/client/express';
import { messageOf } from '../support/errors';
import { frameworks } from '../support/web-frameworks';
import type { WebApp, WebOptions } from '../support/web-frameworks';
import { effectOf, WebStack } from '../support/web-stack';

const stack = new WebStack();

type Bag = Record<string, unknown>;

describe.each(frameworks)('$name', (framework) => {
  const serve = (app: WebApp, options?: Partial<WebOptions>) => stack.serve(framework, app, options);
  const ask = async (app: WebApp, options?: Partial<WebOptions>): Promise<unknown> => {
    const browser = await stack.visitor(await serve(app, options));
    return { said: await (await browser.fetch('/')).json(), stored: await stack.stored(await browser.cookie()) };
  };

  test('what is assigned to a session, and would be lost, is refused with what to use instead', async () => {
    const said = ask(async ({ session }) => {
      const own = (await session()) as unknown as Bag;
      const refused = [
        () => (own['user'] = { id: 7 }),
        () => Object.assign(own, { user: 'Ada' }),
        () => delete own['note'],
        () => Object.defineProperty(own, 'user', { value: 'Ada' }),
        () => (own['save'] = () => {}),
      ];
      return { body: JSON.stringify(refused.map(messageOf)) };
    });
    const [set, del] = [expect.stringMatching(/^Expected `set\(/), expect.stringMatching(/^Expected `delete\(/)];
    expect(await said).toEqual({ said: [set, set, del, set, set], stored: { note: 'old' } });
  });

  test('what a session holds can be read as properties, and changed inside', async () => {
    const app: WebApp = async ({ session }) => {
      const own = await session();
      own.set('visits', 1);
      const { note } = own as unknown as Bag;
      return { body: JSON.stringify([note, 'note' in own, 'other' in own, Object.keys(own), { ...own }]) };
    };
    const data = { note: 'old', visits: 1 };
    expect(await ask(app)).toEqual({ said: ['old', true, false, ['note', 'visits'], data], stored: data });
  });

  test('keys that libraries assign are set, deleted and found again', async () => {
    const app: WebApp = async ({ session }) => {
      const own = (await session()) as unknown as Bag;
      own['passport'] = {};
      (own['passport'] as Bag)['user'] = 7;
      Object.assign(own, { visits: 2, messages: [] });
      own['messages'] = undefined;
      return { body: JSON.stringify([delete own['note'], own['note'] ?? null]) };
    };
    const expected = { said: [true, null], stored: { passport: { user: 7 }, visits: 2 } };
    for (const properties of [true, ['note', 'visits']] as const)
      expect(await ask(app, { properties })).toEqual(expected);
  });

  test('methods take callbacks', async () => {
    const app: WebApp = async ({ session }) => {
      const own = await session();
      const called = (call: (done: SessionCallback) => unknown) => promisify(call)();
      own.set('visits', 1);
      await called((done) => own.save(done));
      const saved = await stack.stored(own.token);
      own.set('visits', 2);
      await called((done) => own.reload(done));
      const reloaded = own.get('visits');
      await called((done) => own.regenerate(done));
      const regenerated = (await session()).toObject();
      (await session()).set('visits', 3);
      return { body: JSON.stringify([saved, reloaded, regenerated]) };
    };
    expect(await ask(app)).toEqual({ said: [{ note: 'old', visits: 1 }, 1, {}], stored: { visits: 3 } });
  });

  test('methods refuse what is neither options nor a callback', async () => {
    const app: WebApp = async ({ session }) => {
      const own = await session();
      return { body: JSON.stringify([messageOf(() => own.save('now' as never))]) };
    };
    expect(await ask(app)).toMatchObject({ said: ['Expected `save()` to get options or a callback, got string'] });
  });

  describe('a call that is not awaited', () => {
    test('is done before the response leaves', async () => {
      const app: WebApp = async ({ path, session }) => {
        const own = await session();
        if (path === '/') void own.destroy();
        else void own.regenerate();
        return {};
      };
      const [browser, other] = [await stack.visitor(await serve(app)), await stack.visitor(await serve(app))];
      const before = await other.cookie();
      expect([effectOf(await browser.fetch('/')), effectOf(await other.fetch('/login'))]).toEqual(['delete', 'set']);
      expect([await stack.stored(before), await stack.stored(await other.cookie())]).toEqual([
        undefined,
        { note: 'old' },
      ]);
    });

    test.each([
      ['in flight', false],
      ['long ago', true],
    ])('and fails %s replaces the response', async (_, isSettled) => {
      const app: WebApp = async ({ session }) => {
        const own = await session();
        await (await stack.client.open(own.token)).invalidate();
        void own.transform('visits', () => 1);
        // Calls of one session run one after another.
        if (isSettled) await own.peekFlash();
        return { body: 'secret' };
      };
      const response = await (await stack.visitor(await serve(app))).fetch('/');
      expect([response.status, await response.text()]).toEqual([409, expect.not.stringContaining('secret')]);
    });

    test('does not count as such if the application handles its failure', async () => {
      const app: WebApp = async ({ session }) => {
        const own = await session();
        await (await stack.client.open(own.token)).invalidate();
        await own.regenerate().catch(() => {});
        return { body: 'handled' };
      };
      const response = await (await stack.visitor(await serve(app))).fetch('/');
      expect([response.status, await response.text()]).toEqual([200, 'handled']);
    });
  });

  describe('a response that reports a failure, and whose session cannot be saved,', () => {
    const late: WebApp = async ({ session }) => {
      const own = await session();
      await (await stack.client.open(own.token)).invalidate();
      own.set('note', 'late');
      return { status: 422, body: 'mistake' };
    };
    const outcomeOf = async (options?: Partial<WebOptions>): Promise<unknown[]> => {
      const response = await (await stack.visitor(await serve(late, options))).fetch('/');
      return [response.status, await response.text()];
    };
    const ended = expect.objectContaining({ code: 'SESSION_NOT_FOUND' });

    test('is sent, and the error reported', async () => {
      const errors: unknown[] = [];
      expect(await outcomeOf({ onUnsaved: (error) => errors.push(error) })).toEqual([422, 'mistake']);
      expect(errors).toEqual([ended]);
    });

    test('is replaced if the application wants it', async () => {
      const onUnsaved = (error: unknown) => {
        throw error as Error;
      };
      expect(await outcomeOf({ onUnsaved })).toEqual([409, expect.not.stringContaining('mistake')]);
    });

    test('warns by default', async () => {
      const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
      expect(await outcomeOf()).toEqual([422, 'mistake']);
      expect(warn.mock.calls).toEqual([
        [expect.stringContaining('SESSION_NOT_FOUND'), expect.objectContaining({ code: 'SESSION_UNSAVED' })],
      ]);
      warn.mockRestore();
    });
  });
});
