import type { RawClient } from '../../support/raw-grpc';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encodeRequest, methods } from '../../support/raw-grpc';
import type { MethodName } from '../../support/raw-grpc';
import { describeBadInput, withBytes, marked } from './fixture';

describeBadInput('in tokens', (fixture) => {
  let raw: RawClient;
  let token: string;

  beforeEach(() => {
    ({ raw, token } = fixture);
  });
  const { refused } = fixture;

  // Those on a subject take other tokens, which test/integration/subjects.test.ts is about.
  const names = (Object.keys(methods) as MethodName[]).filter(
    (name) => name !== 'createSession' && !name.endsWith('SubjectSessions'),
  );
  const tokens: Readonly<Record<string, () => string>> = {
    'that is empty': () => '',
    'that is malformed': () => marked,
    'that was cut off': () => token.slice(0, -1),
    'that has something after it': () => `${token}${marked}`,
    'that is signed with another key': () => `${token.slice(0, 44)}${'A'.repeat(24)}`,
    'of another session with this signature': () => `${'B'.repeat(43)}${token.slice(43)}`,
    'of 1 MB': () => marked.repeat(200_000),
    'with a line break': () => `${token}\n`,
  };
  const valid: Partial<Record<MethodName, object>> = { pushFlash: { message: Buffer.from('1') } };

  describe.each(names)('of %s', (method) => {
    test.each(Object.entries(tokens))('one %s is UNAUTHENTICATED', async (_what, bad) => {
      const failure = await refused(() => raw.call(method, { ...valid[method], token: bad() }));
      expect(failure).toMatchObject({ status: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID', violations: {} });
    });
  });

  test('one that is not UTF-8 is UNAUTHENTICATED', async () => {
    const bytes = withBytes(
      encodeRequest('getSession', { token: '??????' }),
      '??????',
      [0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0],
    );
    expect(await refused(() => raw.send('GetSession', bytes))).toMatchObject({ reason: 'TOKEN_INVALID' });
  });
});
