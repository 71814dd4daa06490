import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { LateMetadataCredentials } from '../../../../client/src/transport/call-credentials';
import { resolveApiToken } from '../../../../client/src/transport/api-token';

let now: number;

beforeEach(() => {
  now = 1000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  jest.restoreAllMocks();
});

const sent = async (credentials: LateMetadataCredentials) => (await credentials.generateMetadata()).getMap();

test('the time limit is what is left when the call is sent, rounded up', async () => {
  const credentials = new LateMetadataCredentials({ deadline: 2000.5, apiToken: undefined });
  expect(await sent(credentials)).toEqual({ 'grpc-timeout': '1001m' });
  now = 1999;
  expect(await sent(credentials)).toEqual({ 'grpc-timeout': '2m' });
  now = 3000;
  expect(await sent(credentials)).toEqual({ 'grpc-timeout': '0m' });
});

test('a time limit of more than eight digits is in seconds', async () => {
  const credentials = new LateMetadataCredentials({ deadline: now + 2 ** 31 - 1, apiToken: undefined });
  expect(await sent(credentials)).toEqual({ 'grpc-timeout': '2147484S' });
});

test('the API token is the current one, and every attempt to send is reported', async () => {
  let sends = 0;
  const apiToken = resolveApiToken({ apiToken: 'abc' });
  const credentials = new LateMetadataCredentials({ apiToken, onSend: () => (sends += 1) });
  await sent(credentials);
  expect(await sent(credentials)).toEqual({ authorization: 'Bearer abc' });
  expect(sends).toBe(2);
});
