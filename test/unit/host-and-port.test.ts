import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatHostAndPort, parseHostAndPort } from '../../server/src/host-and-port';

const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 0, max: 65_535 });

test('what formatHostAndPort() writes, parseHostAndPort() reads', () => {
  fc.assert(
    fc.property(host, port, (host, port) => {
      expect(parseHostAndPort(formatHostAndPort({ host, port }))).toEqual({ host, port });
    }),
  );
});

test.each([
  ...['', 'redis', ':6379', 'redis:', 'redis:port', 'redis:65536', 'redis:-1', 'redis:6379/0', 'user@redis:6379'],
  ...['::1:6379', '[redis]:6379', '[::1]', '[::1]6379', 'two words:6379'],
])('%j is not host:port', (text) => {
  expect(parseHostAndPort(text)).toBeUndefined();
});
