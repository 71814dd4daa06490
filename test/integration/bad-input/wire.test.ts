import type { RawClient } from '../../support/raw-grpc';
import { beforeEach, expect, test } from '@jest/globals';
import { encodeRequest, methods } from '../../support/raw-grpc';
import type { MethodName } from '../../support/raw-grpc';
import { describeBadInput, invalid, marked } from './fixture';

describeBadInput('on the wire', (fixture) => {
  let raw: RawClient;
  let token: string;

  beforeEach(() => {
    ({ raw, token } = fixture);
  });
  const { refused } = fixture;

  const garbage: Readonly<Record<string, Buffer>> = {
    'that are cut off': Buffer.from([0x0a, 0x44, 0x41]),
    'that are random': Buffer.from('ffffffffffffffffffffffff', 'hex'),
    'of a text': Buffer.from(marked.repeat(10)),
    'with a group that has no end': Buffer.from([0x0b]),
    'with groups in groups, a million deep': Buffer.alloc(1_000_000, 0x0b),
  };

  test.each(Object.entries(garbage))('bytes %s cannot be decoded, for any method', async (_what, bytes) => {
    for (const method of Object.keys(methods) as MethodName[]) {
      const failure = await refused(() => raw.send(methods[method].name, bytes));
      expect(failure).toMatchObject(invalid({ '': expect.stringContaining('Could not decode the request') }));
    }
  });

  test('unknown fields are ignored, as protobuf requires', async () => {
    const unknown = Buffer.from([0xfa, 0x7f, 5, ...Buffer.from(marked)]);
    const bytes = Buffer.concat([encodeRequest('getCsrfToken', { token }), unknown]);
    expect((await raw.send('GetCsrfToken', bytes)).length).toBeGreaterThan(0);
  });

  test('an unknown method is UNIMPLEMENTED', async () => {
    expect(await refused(() => raw.send('StealSession', Buffer.alloc(0)))).toMatchObject({ status: 'UNIMPLEMENTED' });
  });
});
