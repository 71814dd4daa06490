import { beforeEach, describe, expect, test } from '@jest/globals';
import { copyAfterUpdate, toGetResponse } from '../../../server/src/rpc/copies';
import type { CopyReadResult } from '../../../server/src/rpc/copies';
import { etagOf, newGeneration } from '../../../server/src/session/etag';
import type { Updated } from '../../../server/src/session/session-manager';
import type { LoadedSession } from '../../../server/src/session/session-store';

const generation = newGeneration();
const metadata = { handle: 'h', created: 1000, accessed: 2000, idleTimeout: undefined, expires: 3000, version: 7 };
const attributes = { subject: undefined, label: undefined };
const session = { ...metadata, ...attributes, data: new Map(), flash: new Map(), bytes: 0, csrfToken: 'c' };
const loaded: LoadedSession = { session, touched: false, generation, liveMs: 250.9 };
const noCopy = { liveMs: 0, etag: Buffer.alloc(0) };

let reads: CopyReadResult[];
const observer = { copyRead: (result: CopyReadResult) => void reads.push(result) };

beforeEach(() => {
  reads = [];
});

describe('the reply to GetSession', () => {
  test('without an etag has the session and no etag', () => {
    expect(toGetResponse(loaded, undefined, observer)).toMatchObject({ session: { version: 7 }, ...noCopy });
    expect(reads).toEqual([]);
  });

  test.each([
    ['an empty etag', Buffer.alloc(0)],
    ['the etag of another version', etagOf(generation, 6)],
    ['the etag of another generation', etagOf(newGeneration(), 7)],
  ])('to %s has the session, its etag, and how long it is live', (_what, held) => {
    const response = toGetResponse(loaded, held, observer);
    expect(response).toMatchObject({ session: { version: 7 }, notModified: undefined, liveMs: 250 });
    expect(response.etag.equals(etagOf(generation, 7))).toBe(true);
    expect(reads).toEqual(['missed']);
  });

  test('to the current etag has times and no session', () => {
    const response = toGetResponse(loaded, etagOf(generation, 7), observer);
    const notModified = { accessed: new Date(2000), expires: new Date(3000) };
    expect(response).toMatchObject({ session: undefined, notModified, liveMs: 250 });
    expect(reads).toEqual(['validated']);
  });

  test('has no etag while the generation is unknown', () => {
    const unknown = { ...loaded, generation: undefined };
    expect(toGetResponse(unknown, etagOf(generation, 7), observer)).toMatchObject({
      session: { version: 7 },
      ...noCopy,
    });
  });

  test('limits live_ms to what the field can hold', () => {
    const forever = { ...loaded, liveMs: Infinity };
    expect(toGetResponse(forever, Buffer.alloc(0), observer).liveMs).toBe(2 ** 32 - 1);
  });
});

describe('the reply to UpdateSession', () => {
  const updated = { session: metadata, results: [], generation, baseVersion: 6, liveMs: 100 } as unknown as Updated;

  test('has the new etag for a client whose copy the update was applied to', () => {
    const copy = copyAfterUpdate(updated, etagOf(generation, 6));
    expect(copy).toEqual({ liveMs: 100, etag: etagOf(generation, 7) });
  });

  test.each([
    ['no etag', undefined],
    ['the etag of an older version', etagOf(generation, 5)],
    ['the etag of another generation', etagOf(newGeneration(), 6)],
  ])('to %s has none', (_what, held) => {
    expect(copyAfterUpdate(updated, held)).toEqual(noCopy);
  });
});
