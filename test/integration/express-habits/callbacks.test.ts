import { describe, expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { Browser } from '../../support/browser';
import { codeOf } from '../../support/client';
import { ExpressStack, expressVersions } from '../../support/express-stack';

const stack = new ExpressStack();

describe.each(expressVersions)('On %s', (_, version) => {
  const serve = (page: (req: Request, res: Response) => unknown) =>
    stack.serve((app) => app.get('/', (req, res) => void page(req, res)), {}, version);

  test('save(callback) saves, returns the session, and calls back', async () => {
    const url = await serve((req, res) => {
      req.session.set('note', 'new');
      const returned = req.session.save((error) => {
        res.json({ error: error ?? null, isStored: req.session.state === 'stored', id: req.session.id, isSame });
      });
      const isSame = returned === req.session;
    });
    const browser = new Browser(url);
    const answer = (await (await browser.fetch('/')).json()) as { id: string };
    expect(answer).toEqual({ error: null, isStored: true, id: expect.any(String), isSame: true });
    expect((await stack.client.open(await browser.cookie())).handle).toBe(answer.id);
  });

  test('regenerate(callback) ends the session, and calls back with an empty one', async () => {
    const url = await serve((req, res) => {
      const before = req.session;
      req.session.setSubject('Ada');
      req.session.regenerate(() => {
        res.json({
          isOther: before !== req.session,
          now: req.session.toObject(),
          before,
          subject: req.session.subject,
        });
      });
    });
    const browser = await stack.browserWithSession(url);
    const token = await browser.cookie();
    expect(await (await browser.fetch('/')).json()).toEqual({ isOther: true, now: {}, before: { note: 'old' } });
    expect([await browser.cookie(), await stack.stored(token)]).toEqual([undefined, undefined]);
  });

  test('regenerate() without one keeps the data', async () => {
    const url = await serve(async (req, res) => {
      const before = req.session;
      await req.session.regenerate();
      res.json({ isSame: before === req.session, now: req.session.toObject() });
    });
    const browser = await stack.browserWithSession(url);
    expect(await (await browser.fetch('/')).json()).toEqual({ isSame: true, now: { note: 'old' } });
  });

  test('destroy(callback) and destroy() end the session', async () => {
    const url = await serve((req, res) => {
      const answer = () => void res.json(req.session.toObject());
      if (req.query['callback']) req.session.destroy(answer);
      else void req.session.destroy().then(answer);
    });
    for (const path of ['/', '/?callback=1']) {
      const browser = await stack.browserWithSession(url);
      const token = await browser.cookie();
      expect(await browser.text(path)).toBe('{}');
      expect([await browser.cookie(), await stack.stored(token)]).toEqual([undefined, undefined]);
    }
  });

  test('reload(callback) and reload() find what another request has stored, and drop what is not', async () => {
    const url = await serve(async (req, res) => {
      const other = await stack.client.open(req.session.token);
      other.set('key1', 1);
      await other.save();
      req.session.set('note', 'dropped');
      const answer = () => void res.json({ ...req.session.toObject(), hasChanges: req.session.hasChanges });
      if (req.query['callback']) req.session.reload(answer);
      else await req.session.reload().then(answer);
    });
    for (const path of ['/', '/?callback=1']) {
      const browser = await stack.browserWithSession(url);
      expect(JSON.parse(await browser.text(path))).toEqual({ note: 'old', key1: 1, hasChanges: false });
    }
  });

  test('each calls back with the error', async () => {
    const url = await serve(async (req, res) => {
      await (await stack.client.open(req.session.token)).invalidate();
      const codes: unknown[] = [];
      const note = (error: unknown) => codes.push((error as { code: unknown }).code);
      req.session.set('note', 'late');
      req.session.save(note).reload(note);
      req.session.save((error) => {
        note(error);
        res.status(500).json(codes);
      });
    });
    const browser = await stack.browserWithSession(url);
    expect(await (await browser.fetch('/')).json()).toEqual(new Array(3).fill('SESSION_NOT_FOUND'));
  });

  test('touch(), id and sessionID are there', async () => {
    const url = await serve((req, res) => {
      res.json([req.session.touch() === req.session, req.session.id ?? null, req.sessionID ?? null]);
    });
    expect(await (await fetch(url)).json()).toEqual([true, null, null]);
    const browser = await stack.browserWithSession(url);
    const { handle } = await stack.client.open(await browser.cookie());
    expect(JSON.parse(await browser.text('/'))).toEqual([true, handle, handle]);
  });
});

describe('reload() of a session of the client', () => {
  test('rejects if it has ended, and drops nothing', async () => {
    const session = stack.client.create();
    session.set('note', 'old');
    await session.save();
    await (await stack.client.open(session.token)).invalidate();
    session.set('note', 'new');
    expect(await codeOf(session.reload())).toBe('SESSION_NOT_FOUND');
    expect([session.get('note'), session.state, session.hasChanges]).toEqual(['new', 'stored', true]);
  });

  test('empties one that is not stored', async () => {
    const session = stack.client.create();
    session.set('note', 'new');
    await session.reload();
    expect([session.size, session.hasChanges, session.state]).toEqual([0, false, 'new']);
  });

  test('drops all that is not saved, and keeps that the visitor is new', async () => {
    const session = stack.client.create();
    session.set('note', 'old');
    await session.save();
    session.flash('Hello');
    session.setSubject('Ada');
    session.setIdleTimeout('never');
    session.delete('note');
    const reloaded = session.reload();
    await reloaded;
    expect([session.toObject(), session.subject, session.hasChanges, session.isNew]).toEqual([
      ...[{ note: 'old' }, undefined, false, true],
    ]);
    expect(await session.popFlash()).toEqual([]);
  });
});
