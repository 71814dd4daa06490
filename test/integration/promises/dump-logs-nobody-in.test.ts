import { createHash, createHmac, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import fc from 'fast-check';
import { connect } from '../../support/client';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { commandsOf } from '../../support/redis-inspection';
import { stackForAllTests } from '../../support/stack';

/** The attacker's own copy of how tokens are made: every algorithm is known, and here the signing key is, too. */
function forge(signingKey: Buffer, handle: Buffer, secret: Buffer): string {
  const id = Buffer.concat([handle, secret]).toString('base64url');
  const keyId = createHash('sha256').update(signingKey).digest().subarray(0, 2);
  const mac = createHmac('sha256', signingKey).update(id).digest().subarray(0, 16);
  return `${id}.${Buffer.concat([keyId, mac]).toString('base64url')}`;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Each run of 16 bytes in a text, as it is and as what it may encode. */
function candidateSecrets(dump: Buffer): Buffer[] {
  const text = dump.toString('latin1');
  const candidates: Buffer[] = [];
  for (let at = 0; at < dump.length; at += 1) {
    candidates.push(dump.subarray(at, at + 16));
    candidates.push(Buffer.from(text.slice(at, at + 22), 'base64url'));
    candidates.push(Buffer.from(text.slice(at, at + 32), 'hex'));
  }
  const hashed = candidates.map((candidate) => sha256(candidate).subarray(0, 16));
  return [...candidates, ...hashed].filter(({ length }) => length === 16);
}

describe('a dump of Redis logs nobody in', () => {
  const stack = stackForAllTests();
  const signingKey = randomBytes(32);
  let redis: RedisServer;
  let sidecar: Sidecar;
  let client: SessionClient<{ user: string }>;

  beforeAll(async () => {
    redis = await stack.redis();
    const settings = { SIGNING_KEYS: signingKey.toString('base64') };
    sidecar = await stack.sidecar({ redis, settings });
    client = stack.use(connect(sidecar));
  });

  async function newSession(): Promise<{ token: string; handle: Buffer; secret: Buffer }> {
    const session = client.create();
    session.set('user', 'ada');
    session.flash('hello');
    session.setSubject('ada');
    await session.save();
    const [id = ''] = session.token!.split('.');
    const bytes = Buffer.from(id, 'base64url');
    return { token: session.token!, handle: bytes.subarray(0, 16), secret: bytes.subarray(16) };
  }

  /** Everything: keys, values, and what Redis would write to disk. */
  async function dumpOf(): Promise<Buffer> {
    const keys = await redis.admin.keys('*');
    const entries = keys.map(async (key) => [
      Buffer.from(key),
      key.includes(':subject:')
        ? Buffer.from((await redis.admin.zrange(key, 0, '-1')).join())
        : await redis.admin.getBuffer(key),
      await redis.admin.dumpBuffer(key),
    ]);
    return Buffer.concat((await Promise.all(entries)).flat().map((part) => part ?? Buffer.alloc(0)));
  }

  test('neither the token, nor its id, nor its secret half, in any writing, is in it', async () => {
    const { token, handle, secret } = await newSession();
    const dump = (await dumpOf()).toString('latin1');
    const [id = '', signature = ''] = token.split('.');
    // Base64 depends on what stands before: the secret's first byte shares a character with the handle's last.
    const writings = [token, id, signature, id.slice(22), secret.toString('latin1')];
    for (const encoding of ['base64url', 'base64', 'hex'] as const)
      writings.push(secret.toString(encoding).slice(0, 20));
    for (const writing of writings) expect(dump.includes(writing)).toBe(false);
    // It is the right dump: the public half is in it, and a hash of the other.
    expect(dump).toContain(handle.toString('base64url'));
    expect(dump).toContain(sha256(secret).toString('base64url'));
  });

  test('with it and the signing key, no token can be made that opens a session', async () => {
    const { token, handle, secret } = await newSession();
    // The attacker knows how: were the secret there, this would work.
    expect(forge(signingKey, handle, secret)).toBe(token);

    const candidates = candidateSecrets(await dumpOf());
    expect(candidates.length).toBeGreaterThan(1000);
    const tokens = [...new Set(candidates.map((candidate) => forge(signingKey, handle, candidate)))];
    const origins = new Set<string>();
    for (let tried = 0; tried < tokens.length; tried += 20) {
      const opened = await Promise.all(tokens.slice(tried, tried + 20).map((forged) => client.open(forged)));
      for (const { origin } of opened) origins.add(origin);
    }
    expect([...origins]).toEqual(['not_found']);
    expect((await client.open(token)).origin).toBe('found');
  });

  test('with the public handle and the CSRF token, which pages and logs show, no token can be made', async () => {
    const { token } = await newSession();
    const session = await client.open(token);
    const csrfToken = await session.csrfToken();
    const signature = token.split('.')[1]!;
    const tries = [
      session.handle!,
      csrfToken,
      `${session.handle}${csrfToken.slice(1)}.${signature}`,
      `${session.handle}.${signature}`,
    ];
    for (const guess of tries) expect((await client.open(guess)).origin).toBe('token_invalid');
  });

  test('without the signing key, even the right secret is not enough', async () => {
    const { handle, secret } = await newSession();
    expect((await client.open(forge(randomBytes(32), handle, secret))).origin).toBe('token_invalid');
  });

  test('a damaged token is rejected, and never reaches Redis', async () => {
    const { token } = await newSession();
    const position = fc.nat({ max: token.length - 1 });
    const character = fc.oneof(
      fc.constantFrom(...'ABCabc019-_.=+/ %\u0000é\u{1f36a}'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    );
    const at = (from: number, to: number, insert: string) => token.slice(0, from) + insert + token.slice(to);
    const damaged = fc
      .oneof(
        fc.tuple(position, character).map(([index, other]) => at(index, index + 1, other)),
        fc.tuple(position, character).map(([index, other]) => at(index, index, other)),
        position.map((index) => at(index, index + 1, '')),
        position.map((index) => token.slice(0, index)),
        position.map((index) => token.slice(index + 1)),
        fc.tuple(position, position).map(([a, b]) => at(Math.min(a, b), Math.max(a, b), '')),
        position.map((index) => at(index, index + 1, swapCase(token[index]!))),
        fc.constantFrom(
          token + token,
          ` ${token}`,
          `${token}\n`,
          `"${token}"`,
          encodeURIComponent(`${token}=`),
          token.toLowerCase(),
        ),
        fc.string({ maxLength: 100 }),
      )
      .filter((text) => text !== token && text !== '');
    const property = fc.asyncProperty(damaged, async (text) => {
      expect((await client.open(text)).origin).toBe('token_invalid');
    });
    const commands = await commandsOf(redis, () => fc.assert(property, { numRuns: 1000, endOnFailure: false }));
    expect(commands).toEqual({});
    expect((await client.open(token)).origin).toBe('found');
  });

  test('a token assembled from two genuine ones is rejected, and never reaches Redis', async () => {
    const [one, other] = [await newSession(), await newSession()];
    const [[id1, signature1], [id2, signature2]] = [one.token.split('.'), other.token.split('.')];
    const mixed = [
      `${id1}.${signature2}`,
      `${id2}.${signature1}`,
      `${id1!.slice(0, 22)}${id2!.slice(22)}.${signature1}`,
    ];
    const commands = await commandsOf(redis, async () => {
      for (const token of mixed) expect((await client.open(token)).origin).toBe('token_invalid');
    });
    expect(commands).toEqual({});
  });
});

function swapCase(character: string): string {
  return character === character.toUpperCase() ? character.toLowerCase() : character.toUpperCase();
}
