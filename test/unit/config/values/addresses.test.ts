import { describe, expect, test } from '@jest/globals';
import * as kinds from '../../../../server/src/config/values';
import { parse } from './parse';

describe('address to listen on', () => {
  test.each([
    [':9464', { host: undefined, port: 9464 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
    ['[::]:9464', { host: '::', port: 9464 }],
    ['[fe80::1%eth0]:9464', { host: 'fe80::1%eth0', port: 9464 }],
  ])('takes %s', (text, address) => {
    expect(parse(kinds.listenAddress, text)).toEqual(address);
  });

  test.each([
    ...[
      '9464',
      ':',
      ':65536',
      ':123456',
      ':-1',
      ':http',
      '127.0.0.1',
      '127.0.0.1:',
      '::1:9464',
      '[::1]',
      '[127.0.0.1]:9464',
    ],
    ...[
      '[localhost]:9464',
      'http://localhost:9464',
      'local host:9464',
      '127.0.0.1:9464/metrics',
      '',
      'unix:/run/x.sock',
    ],
  ])('refuses %p', (text) => {
    expect(() => parse(kinds.listenAddress, text)).toThrow(
      `Expected host:port or :port, like 127.0.0.1:9464, [::1]:9464 or :9464, got \`${text}\`.`,
    );
  });
});

describe('nodes', () => {
  test('are one or more addresses', () => {
    expect(parse(kinds.nodes, 'a:1')).toEqual([{ host: 'a', port: 1 }]);
    expect(parse(kinds.nodes, 'a:1, 10.0.0.7:6379 ,[fd00::7]:26379')).toEqual([
      { host: 'a', port: 1 },
      { host: '10.0.0.7', port: 6_379 },
      { host: 'fd00::7', port: 26_379 },
    ]);
  });

  test.each([
    ['a', 'a'],
    ['a:0', 'a:0'],
    ['a:1,', ''],
    ['a:1,,b:2', ''],
    ['a:1 b:2', 'a:1 b:2'],
    [':6379', ':6379'],
  ])('%p is refused because of the part that is wrong', (text, part) => {
    const message = `Expected host:port, like 10.0.0.7:6379 or [fd00::7]:6379, got \`${part}\`.`;
    expect(() => parse(kinds.nodes, text)).toThrow(message);
  });

  test('what looks like a URL with a password is refused and not repeated', () => {
    expect(() => parse(kinds.nodes, 'a:1,redis://:s3cret@b:2')).toThrow(/^Expected host:port, like [^`]*\.$/);
    expect(() => parse(kinds.nodes, 's3cret@b:2')).toThrow(/^Expected host:port, like [^`]*\.$/);
  });
});

describe('gRPC addresses', () => {
  test.each([
    ['127.0.0.1:50051', [{ kind: 'tcp', host: '127.0.0.1', port: 50_051 }]],
    ['127.200.3.4:1', [{ kind: 'tcp', host: '127.200.3.4', port: 1 }]],
    ['localhost:0', [{ kind: 'tcp', host: 'localhost', port: 0 }]],
    ['[::1]:50051', [{ kind: 'tcp', host: '::1', port: 50_051 }]],
    ['unix:/run/session sidecar.sock', [{ kind: 'unix', path: '/run/session sidecar.sock' }]],
    ['unix:///run/x.sock', [{ kind: 'unix', path: '///run/x.sock' }]],
    [
      'unix:/run/x.sock, 127.0.0.1:50051',
      [
        { kind: 'unix', path: '/run/x.sock' },
        { kind: 'tcp', host: '127.0.0.1', port: 50_051 },
      ],
    ],
  ])('%s is loopback or a Unix socket', (text, addresses) => {
    expect(parse(kinds.grpcAddresses, text)).toEqual(addresses);
  });

  test.each([
    ...[
      '0.0.0.0:50051',
      '[::]:50051',
      ':50051',
      '10.0.0.7:50051',
      '[fd00::7]:50051',
      '[::ffff:10.0.0.7]:50051',
      'example.com:50051',
    ],
    ...[
      '127.0.0.1.example.com:50051',
      'localhost.example.com:50051',
      '127.1:50051',
      '128.0.0.1:1',
      'unix:relative.sock',
      'unix:',
      '50051',
      '',
    ],
  ])('%p is not, and is refused', (text) => {
    const message = `Expected loopback, like 127.0.0.1:50051 or [::1]:50051, or unix:/path/to/socket, got \`${text}\`.`;
    expect(() => parse(kinds.grpcAddresses, text)).toThrow(message);
  });

  test('a path longer than any system supports is rejected', () => {
    const path = `/${'x'.repeat(102)}`;
    expect(parse(kinds.grpcAddresses, `unix:${path}`)).toEqual([{ kind: 'unix', path }]);
    expect(() => parse(kinds.grpcAddresses, `unix:${path}x`)).toThrow(
      'Expected a path of at most 103 bytes after unix:, got `unix:/xxx',
    );
    expect(() => parse(kinds.grpcAddresses, `unix:/${'ä'.repeat(52)}`)).toThrow('Expected a path of at most 103 bytes');
  });

  test('one that is not makes all invalid', () => {
    expect(() => parse(kinds.grpcAddresses, '127.0.0.1:50051,0.0.0.0:50052')).toThrow('got `0.0.0.0:50052`');
  });
});
