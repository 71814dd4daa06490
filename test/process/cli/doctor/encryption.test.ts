import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { stackForAllTests } from '../../../support/stack';
import { keyIdOf as idOf } from '../../../support/encryption';
import { examine } from './examine';

const stack = stackForAllTests();
const newKey = (): string => randomBytes(32).toString('base64');

test('the doctor says with which keys sessions are encrypted, and which cannot be read', async () => {
  const redis = await stack.redis();
  const [first, second, lost] = [newKey(), newKey(), newKey()];
  const look = (keys: string) => examine({ REDIS_URL: redis.url, ENCRYPTION_KEYS: keys });
  const put = (at: number, format: number, key: string) =>
    redis.admin.set(`session:${String(at).repeat(22)}`, `${format} 1 1795500000000 1795500000000 - hash ${key}\n`);

  const empty = look(first);
  expect(empty.of('encryption')).toMatchObject({
    status: 'ok',
    found: 'records looked at: 0; current key: 0, old keys: 0, in clear: 0, keys that are not set: 0; unused keys: 0',
  });
  // What the doctor creates itself is encrypted, too.
  expect(empty.of('scripts')).toMatchObject({ status: 'ok' });
  await put(1, 2, idOf(first));
  await put(2, 2, idOf(second));
  await put(3, 1, 'csrf');
  await redis.admin.set('session:no-session', 'x');
  expect(look(`${first},${second},${newKey()}`).of('encryption')).toMatchObject({
    status: 'warning',
    found: 'records looked at: 3; current key: 1, old keys: 1, in clear: 1, keys that are not set: 0; unused keys: 1',
    advice: expect.stringContaining('Keep old keys until then.'),
  });
  await put(4, 2, idOf(lost));
  const { exit, of } = look(`none,${first},${second}`);
  expect(exit).toBe('failed');
  expect(of('encryption')).toMatchObject({
    status: 'problem',
    found: 'records looked at: 4; current key: 0, old keys: 2, in clear: 1, keys that are not set: 1; unused keys: 0',
    advice: expect.stringContaining('SESSION_SIDECAR_ENCRYPTION_KEYS'),
  });
});
