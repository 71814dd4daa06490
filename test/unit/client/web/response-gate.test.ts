import type { RequestListener, ServerResponse } from 'node:http';
import { getDefaultHighWaterMark } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import compression from 'compression';
import { installGate } from '../../../../client/src/web/response-gate';
import type { GateHooks } from '../../../../client/src/web/response-gate';
import { serve } from '../../../support/browser';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Work that lasts until it is finished or failed. */
function work() {
  let finish = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { promise, finish, fail };
}

type Preparation = (...args: [...Parameters<RequestListener>, next: () => void]) => void;

const passOn: Preparation = (_req, _res, next) => {
  next();
};

/** Serves one listener behind a gate, and gives the response to a request for it. */
async function respond(
  listen: (res: ServerResponse) => unknown,
  hooks: Partial<GateHooks> = {},
  { prepare = passOn, method = 'GET' }: { readonly prepare?: Preparation; readonly method?: string } = {},
) {
  const { url, close } = await serve((req, res) => {
    prepare(req, res, () => {
      installGate(res, {
        beforeHeaders: () => undefined,
        onHeaders: () => {},
        beforeEnd: () => undefined,
        onError: (error) => res.end(String(error)),
        ...hooks,
      });
      listen(res);
    });
  });
  closing.push(close);
  return fetch(url, { method });
}

test('gated responses share their methods, and the getters of those that are held', async () => {
  const held: ServerResponse[] = [];
  const { promise, finish } = work();
  const listen = (res: ServerResponse) => {
    held.push(res.end('sent'));
    if (held.length === 2) finish();
  };
  const hooks = { beforeHeaders: () => promise };
  const responses = [respond(listen, hooks), respond(listen, hooks)];
  await promise;
  const [one, other] = held.map((res) => ({ ...Object.getOwnPropertyDescriptors(res) }));
  for (const name of ['writeHead', 'write', 'end', 'flushHeaders', 'headersSent', 'writableEnded'] as const) {
    expect(one?.[name]).toBeDefined();
    expect(one?.[name]).toEqual(other?.[name]);
  }
  for (const response of responses) expect(await (await response).text()).toBe('sent');
});

test('a second gate stands before the first', async () => {
  const called: string[] = [];
  const hooksOf = (name: string): GateHooks => ({
    beforeHeaders: async () => {
      called.push(name);
      await Promise.resolve();
    },
    onHeaders: () => {},
    beforeEnd: () => undefined,
    onError: () => {},
  });
  const seen: boolean[] = [];
  const listen = (res: ServerResponse) => {
    installGate(res, hooksOf('second'));
    res.end('sent');
    seen.push(res.headersSent, res.writableEnded);
  };
  const response = await respond(listen, hooksOf('first'));
  expect(await response.text()).toBe('sent');
  expect(called).toEqual(['second', 'first']);
  expect(seen).toEqual([true, true]);
});

describe('a response that is held', () => {
  test('looks to the application as if it had been sent', async () => {
    const { promise, finish } = work();
    const seen: unknown[] = [];
    const look = (res: ServerResponse) => seen.push([res.headersSent, res.writableEnded]);
    const response = await respond(
      (res) => {
        look(res);
        seen.push(res.writeHead(201) === res, res.write('a'));
        look(res);
        seen.push(res.end('b') === res);
        look(res);
        finish();
        res.on('finish', () => look(res));
      },
      { beforeHeaders: () => promise },
    );
    expect([response.status, await response.text()]).toEqual([201, 'ab']);
    expect(seen).toEqual([[false, false], true, true, [true, false], true, [true, true], [true, true]]);
  });

  // A few pieces more than fill the buffer, whose size depends on the line of Node.js. To HEAD, Node.js itself throws the pieces
  // away and never asks for a pause.
  const bytes = getDefaultHighWaterMark(false) + 4000;
  test.each([
    ['GET', bytes],
    ['HEAD', 0],
  ])('asks writers to pause when a buffer is full, and to go on afterwards, to %s', async (method, received) => {
    const { promise, finish } = work();
    const wrong: number[] = [];
    const response = await respond(
      (res) => {
        let written = 0;
        while (bytes - written > 1000) {
          written += 1000;
          const isRoomLeft = written < res.writableHighWaterMark;
          if (res.write('é'.repeat(1000), 'latin1') !== isRoomLeft) wrong.push(written);
        }
        res.once('drain', () => res.end('x'.repeat(bytes - written)));
        finish();
      },
      { beforeHeaders: () => promise },
      { method },
    );
    expect((await response.arrayBuffer()).byteLength).toBe(received);
    expect(wrong).toEqual([]);
  });

  test.each([10, 100, 10_000, 20_000])(
    'wakes a writer of pieces of %d bytes who waits behind compression()',
    async (size) => {
      const { promise, finish } = work();
      const response = await respond(
        (res) => {
          let left = 100_000;
          // As a pipe does it: through on(), which compression() redirects.
          const writeOn = () => {
            for (; left > 0; left -= size) {
              if (!res.write('x'.repeat(Math.min(size, left)))) {
                left -= size;
                finish();
                return;
              }
            }
            res.end();
            finish();
          };
          res.on('drain', writeOn);
          res.setHeader('Content-Type', 'text/plain');
          writeOn();
        },
        { beforeHeaders: () => promise },
        { prepare: compression({ threshold: 0 }) as Preparation },
      );
      expect(response.headers.get('Content-Encoding')).not.toBeNull();
      expect((await response.text()).length).toBe(100_000);
    },
  );

  test('calls back when the pieces were written', async () => {
    const { promise, finish } = work();
    const order: string[] = [];
    const response = await respond(
      (res) => {
        res.write('a', () => order.push('a'));
        res.write('b', 'utf8', () => order.push('b'));
        res.end('c', () => order.push('c'));
        order.push('held');
        finish();
      },
      { beforeHeaders: () => promise },
    );
    expect(await response.text()).toBe('abc');
    expect(order).toEqual(['held', 'a', 'b', 'c']);
  });

  test('that turns out to be no valid response is an error like any other', async () => {
    const response = await respond((res) => res.writeHead(99).end(), { beforeHeaders: () => Promise.resolve() });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('RangeError')]);
  });
});

describe('the headers', () => {
  test.each<[string, (res: ServerResponse) => unknown]>([
    ['an object', (res) => res.writeHead(200, { 'Set-Cookie': ['a', 'b'], 'X-One': '1' })],
    ['a list', (res) => res.writeHead(200, 'Fine', ['Set-Cookie', 'a', 'Set-Cookie', 'b', 'X-One', '1'])],
  ])('given to writeHead() as %s are kept beside those that the hook adds', async (_, send) => {
    const onHeaders = (res: ServerResponse) => res.appendHeader('Set-Cookie', 'own');
    let response: ServerResponse;
    const { headers } = await respond(
      (res) => {
        response = res;
        send(res);
        res.end();
      },
      { beforeHeaders: () => Promise.resolve(), onHeaders: () => void onHeaders(response) },
    );
    expect(headers.getSetCookie()).toEqual(['a', 'b', 'own']);
    expect(headers.get('X-One')).toBe('1');
  });

  test('are announced once, with the status they have', async () => {
    const statuses: number[] = [];
    await respond((res) => res.writeHead(503).end(), {
      beforeHeaders: (status) => void statuses.push(status),
      onHeaders: () => statuses.push(0),
      beforeEnd: () => void statuses.push(-1),
    });
    expect(statuses).toEqual([503, 0, -1]);
  });
});

describe('a response that is discarded', () => {
  test('leaves nothing of it in the one that takes its place', async () => {
    const response = await respond(
      (res) => {
        res.statusMessage = 'Fine';
        res.writeHead(201, { 'X-One': '1' });
        res.write('one');
        res.end('two');
      },
      { beforeHeaders: () => Promise.reject(new Error('made up')) },
      {
        prepare(_req, res, next) {
          res.setHeader('X-Before', '1');
          next();
        },
      },
    );
    expect([response.status, response.statusText, await response.text()]).toEqual([200, 'OK', 'Error: made up']);
    expect([response.headers.get('X-One'), response.headers.get('X-Before')]).toEqual([null, '1']);
  });

  test('calls back with the error', async () => {
    const { promise, fail } = work();
    const errors: unknown[] = [];
    const response = await respond(
      (res) => {
        res.write('one', (error) => errors.push(error));
        res.end('two', () => errors.push('end'));
        fail(new Error('made up'));
      },
      { beforeHeaders: () => promise },
    );
    await response.text();
    expect(errors).toEqual([new Error('made up'), 'end']);
  });

  test('goes on being discarded while another is sent in its place', async () => {
    const [save, handling, application] = [work(), work(), work()];
    let sent: ServerResponse;
    const response = await respond(
      async (res) => {
        sent = res;
        res.write('discarded');
        save.fail(new Error('made up'));
        await handling.promise;
        res.write('discarded');
        res.end('discarded');
        application.finish();
      },
      {
        beforeHeaders: () => save.promise,
        onError() {
          handling.finish();
          void application.promise.then(() => {
            sent.write('sor');
            sent.end('ry');
          });
        },
      },
    );
    expect(await response.text()).toBe('sorry');
  });
});
