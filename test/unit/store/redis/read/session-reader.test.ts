import { expect, test } from '@jest/globals';
import { etagOf, newGeneration } from '../../../../../server/src/session/etag';
import type { Generation } from '../../../../../server/src/session/etag';
import { SessionCodec } from '../../../../../server/src/store/redis/encryption/session-codec';
import { PlainReadWindow } from '../../../../../server/src/store/redis/read/plain-read-window';
import { SessionReader } from '../../../../../server/src/store/redis/read/session-reader';
import type { SessionReaderParts } from '../../../../../server/src/store/redis/read/session-reader';
import { twentyMinutes } from '../../../../support/store-harness';

const ref = { handle: 'handle', secretHash: 'hash' };
const now = 1_700_000_000_000;
const metadata = { version: 7, created: now, accessed: now, idleTimeout: 1_200_000, expires: undefined };
const recordOf = (idleTimeout: number, hash: string): Buffer =>
  Buffer.from(`1 7 ${now} ${now} ${idleTimeout} ${hash} csrf\n`);

interface World {
  /** Whether each answer comes from another server than the one before. */
  readonly changesServer?: boolean;
  readonly record?: Buffer;
  readonly recordBytes?: number;
}

/** A reader that has loaded the session at version 7 a moment ago. */
function readerOn({ changesServer = false, record = recordOf(1_200_000, 'hash'), recordBytes = 50_000 }: World = {}) {
  let generation: Generation = newGeneration();
  const asked: string[] = [];
  const answer = <Reply>(command: string, reply: Reply): Promise<Reply> => {
    asked.push(command);
    if (changesServer) generation = newGeneration();
    return Promise.resolve(reply);
  };
  const client = {
    getrangeBuffer: () => answer('getrange', record),
    mgetBuffer: () => answer('mget', [record]),
  };
  const windows = new PlainReadWindow({ expiry: twentyMinutes, expireKeys: true });
  windows.open(ref.handle, metadata, performance.now(), now, recordBytes);
  const scripts = { run: () => answer('script', [Buffer.from('not_found')]) };
  const parts = {
    connection: { client, usable: true, serverOf: () => ({ generation }) },
    ...{ codec: new SessionCodec(), onOutdated: () => {} },
    ...{ scripts, windows, nearCache: undefined, hasFeed: false, expiry: twentyMinutes, keyPrefix: '' },
  } as unknown as SessionReaderParts;
  return { reader: new SessionReader(parts), asked, etag: (version: number) => etagOf(generation, version) };
}

test('a large copy in the state that Redis has is confirmed by its header', async () => {
  const { reader, asked, etag } = readerOn();
  expect(await reader.validate(ref, etag(7))).toMatchObject({ unchanged: { version: 7 }, touched: false });
  expect(asked).toEqual(['getrange']);
});

test('another state, and one of another generation, are read', async () => {
  const { reader, asked, etag } = readerOn();
  for (const held of [etag(6), etag(8), etagOf(newGeneration(), 7), Buffer.alloc(0)]) {
    expect(await reader.validate(ref, held)).toMatchObject({ session: { version: 7 } });
  }
  expect(asked).toEqual(['getrange', 'mget', 'getrange', 'mget', 'getrange', 'mget', 'getrange', 'mget']);
});

test('a copy is not confirmed by a server that may not be the one it was read from', async () => {
  const { reader, asked, etag } = readerOn({ changesServer: true });
  expect(await reader.validate(ref, etag(7))).toMatchObject({ session: { version: 7 }, generation: undefined });
  expect(asked).toEqual(['getrange', 'mget']);
});

test('a copy is not confirmed for another secret, nor past a timeout that was changed', async () => {
  const stranger = readerOn({ record: recordOf(1_200_000, 'other') });
  expect(await stranger.reader.validate(ref, stranger.etag(7))).toBeUndefined();
  const changed = readerOn({ record: recordOf(60_000, 'hash') });
  expect(await changed.reader.validate(ref, changed.etag(7))).toBeUndefined();
  expect(changed.asked).toEqual(['getrange', 'mget', 'script']);
});

test('what is no record, or none any more, is read', async () => {
  for (const record of ['', '2 7 x', '1 7']) {
    const { reader, asked, etag } = readerOn({ record: Buffer.from(record) });
    await reader.validate(ref, etag(7));
    expect(asked.slice(0, 2)).toEqual(['getrange', 'mget']);
  }
});

test('small sessions are read at once', async () => {
  const { reader, asked, etag } = readerOn({ recordBytes: 32 * 1024 - 1 });
  expect(await reader.validate(ref, etag(7))).toMatchObject({ session: { version: 7 } });
  expect(asked).toEqual(['mget']);
});
