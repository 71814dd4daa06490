import { describe, expect, test } from '@jest/globals';
import * as kinds from '../../../server/src/config/values';
import type { ValueKind } from '../../../server/src/config/values';

const files: Readonly<Record<string, string>> = {
  '/text': 'on',
  '/text-and-line-breaks': 'on\r\n\n',
  '/spaces': ' a b \n',
  '/empty': '',
  '/line-break': '\n',
  '/pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
};

function parse<T>(kind: ValueKind<T>, text: string): T {
  return kind.parse(text, (path) => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    return Buffer.from(content);
  });
}

describe('duration', () => {
  const kind = kinds.duration({ min: '0s', max: '1h' });

  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['1 m', 60_000],
    ['20m', 1_200_000],
    ['1h', 3_600_000],
    ['60 minutes', 3_600_000],
    ['1.4ms', 1],
  ])('takes %s as %d ms', (text, milliseconds) => {
    expect(parse(kind, text)).toBe(milliseconds);
  });

  test.each([
    ...[
      '30',
      '0',
      '-30s',
      '1e3s',
      '1.2.3s',
      '1h30m',
      '30 lightyears',
      's',
      '',
      'never',
      '30s!',
      'NaN',
      'Infinity',
      '１s',
      '1,5s',
    ],
    `${'9'.repeat(400)}s`,
  ])('refuses %p, saying what a duration looks like and what was got', (text) => {
    const message = `Expected a duration from 0s to 1h with one of the units ms, s, m, h or d, like 250ms, 30s, 20m or 12h, got \`${text}\`.`;
    expect(() => parse(kind, text)).toThrow(new Error(message));
  });

  test.each(['61m', '3600001ms', '2 hours', '10D'])('refuses %p for its length and not for its unit', (text) => {
    expect(() => parse(kind, text)).toThrow(new Error(`Expected a duration from 0s to 1h, got \`${text}\`.`));
  });

  test.each(['1H', '60Min', '3600 Seconds'])('takes %p, in whatever case', (text) => {
    expect(parse(kind, text)).toBe(3_600_000);
  });

  test('refuses what is below the least', () => {
    const atLeastASecond = kinds.duration({ min: '1s', max: '3650d' });
    expect(parse(atLeastASecond, '1s')).toBe(1_000);
    expect(parse(atLeastASecond, '3650d')).toBe(3650 * 86_400_000);
    expect(() => parse(atLeastASecond, '999ms')).toThrow('from 1s to 3650d');
    expect(() => parse(atLeastASecond, '0s')).toThrow('from 1s to 3650d');
    expect(() => parse(atLeastASecond, '3651d')).toThrow('from 1s to 3650d');
  });
});

describe('duration or never', () => {
  const kind = kinds.durationOrNever({ min: '1s', max: '3650d' });

  test('takes never as no duration', () => {
    expect(parse(kind, 'never')).toBeUndefined();
    expect(parse(kind, '20m')).toBe(1_200_000);
  });

  test.each(['0', '0s', '-1', 'Never', 'off', '1', '-1s', 'infinity'])(
    'refuses %p and says that never is allowed',
    (text) => {
      expect(() => parse(kind, text)).toThrow(`, or never, got \`${text}\`.`);
    },
  );
});

describe('size', () => {
  const kind = kinds.size({ min: '1KiB', max: '2MiB' });

  test.each([
    ['1KiB', 1_024],
    ['1024B', 1_024],
    ['64 KiB', 65_536],
    ['1MB', 1_000_000],
    ['1.5kb', 1_500],
    ['2mib', 2_097_152],
  ])('takes %s as %d bytes', (text, size) => {
    expect(parse(kind, text)).toBe(size);
  });

  test.each(['0B', '1023B', '2097153B', '3MiB', '10gb', '10GiB', `${'9'.repeat(400)}B`])(
    'refuses %p for its size only',
    (text) => {
      expect(() => parse(kind, text)).toThrow(new Error(`Expected a size from 1KiB to 2MiB, got \`${text}\`.`));
    },
  );

  test.each(['65536', '0', '-1MiB', '10k', '5000bananas', '1..5MB', '1e3kB', 'KiB', ''])('refuses %p', (text) => {
    expect(() => parse(kind, text)).toThrow(
      `Expected a size from 1KiB to 2MiB with one of the units B, kB, KiB, MB, MiB, GB or GiB, like 64KiB or 1MB, got \`${text}\`.`,
    );
  });
});

describe('whole number', () => {
  const kind = kinds.integer(1, 100_000);

  test.each([
    ['1', 1],
    ['007', 7],
    ['100000', 100_000],
  ])('takes %s', (text, number) => {
    expect(parse(kind, text)).toBe(number);
  });

  test.each(['0', '-1', '+1', '1.0', '1e3', '0x10', '100001', '', ' 1', 'many', '1_000', '9'.repeat(400)])(
    'refuses %p',
    (text) => {
      expect(() => parse(kind, text)).toThrow(`Expected a whole number from 1 to 100000, got \`${text}\`.`);
    },
  );
});

describe('words', () => {
  test('one of several is taken as it is, and another is refused with all that are allowed', () => {
    const kind = kinds.oneOf('error', 'warn', 'info');
    expect(parse(kind, 'warn')).toBe('warn');
    expect(() => parse(kind, 'WARN')).toThrow('Expected error or warn or info, got `WARN`.');
  });

  test('on and off are the only switches', () => {
    expect(parse(kinds.onOff, 'on')).toBe(true);
    expect(parse(kinds.onOff, 'off')).toBe(false);
    for (const text of ['true', 'false', '1', '0', 'yes', 'On', '']) {
      expect(() => parse(kinds.onOff, text)).toThrow(`Expected on or off, got \`${text}\`.`);
    }
  });

  test('plain text has to match', () => {
    const name = kinds.plainText('a name without spaces', /^\S+$/);
    expect(parse(name, 'mymaster')).toBe('mymaster');
    expect(() => parse(name, 'my master')).toThrow('Expected a name without spaces, got `my master`.');
  });
});

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

  test('a path of more bytes than any system has room for is refused', () => {
    const path = `/${'x'.repeat(102)}`;
    expect(parse(kinds.grpcAddresses, `unix:${path}`)).toEqual([{ kind: 'unix', path }]);
    expect(() => parse(kinds.grpcAddresses, `unix:${path}x`)).toThrow(
      'Expected a path of at most 103 bytes after unix:, got `unix:/xxx',
    );
    expect(() => parse(kinds.grpcAddresses, `unix:/${'ä'.repeat(52)}`)).toThrow('Expected a path of at most 103 bytes');
  });

  test('one that is not refuses all', () => {
    expect(() => parse(kinds.grpcAddresses, '127.0.0.1:50051,0.0.0.0:50052')).toThrow('got `0.0.0.0:50052`');
  });
});

describe('signing keys', () => {
  const [first, second] = [Buffer.alloc(32, 0xfb), Buffer.alloc(48, 2)];

  test('are base64 of either alphabet, with or without padding', () => {
    for (const text of [
      first.toString('base64'),
      first.toString('base64url'),
      first.toString('base64').replace(/=+$/, ''),
    ]) {
      expect(parse(kinds.signingKeys, text)).toEqual([first]);
    }
  });

  test('come in their order, separated by commas, spaces or line breaks', () => {
    for (const separator of [',', ', ', '\n', '\r\n', ',\n\n', ' ']) {
      expect(parse(kinds.signingKeys, `${first.toString('base64')}${separator}${second.toString('base64')}\n`)).toEqual(
        [first, second],
      );
    }
  });

  test.each([
    ['nothing', ' ,\n', 'Expected one or more keys of at least 32 bytes in base64.'],
    [
      'a key that is too short',
      Buffer.alloc(31).toString('base64'),
      'Expected keys of at least 32 bytes in base64; the key has 31.',
    ],
    [
      'a second key that is too short',
      `${first.toString('base64')},c2hvcnQ=`,
      'Expected keys of at least 32 bytes in base64; key 2 of 2 has 5.',
    ],
    ['a pass phrase', 'correct-horse!battery', 'Expected keys of at least 32 bytes in base64; the key is not base64.'],
    [
      'a key that lost a character',
      'A'.repeat(45),
      'Expected keys of at least 32 bytes in base64; the key is not base64.',
    ],
    [
      'padding in the middle',
      `AA==${'A'.repeat(60)}`,
      'Expected keys of at least 32 bytes in base64; the key is not base64.',
    ],
  ])('%s is refused and not repeated', (_, text, message) => {
    expect(() => parse(kinds.signingKeys, text)).toThrow(new Error(message));
  });
});

describe('files', () => {
  test('a value in a file is that without the line breaks at the end', () => {
    expect(parse(kinds.inFile(kinds.onOff), '/text')).toBe(true);
    expect(parse(kinds.inFile(kinds.onOff), '/text-and-line-breaks')).toBe(true);
    expect(parse(kinds.inFile(kinds.secretText), '/spaces')).toBe(' a b ');
  });

  test.each(['/empty', '/line-break'])('an empty file is refused', (path) => {
    expect(() => parse(kinds.inFile(kinds.secretText), path)).toThrow(
      new Error('Expected the path of a file that is not empty.'),
    );
  });

  test('a wrong value in a file is refused as elsewhere', () => {
    expect(() => parse(kinds.inFile(kinds.onOff), '/spaces')).toThrow('Expected on or off');
  });

  test('PEM is taken as it is in the file', () => {
    expect(parse(kinds.pemFile, '/pem').toString()).toBe(files['/pem']);
  });

  test('a file that is not PEM is refused', () => {
    expect(() => parse(kinds.pemFile, '/text')).toThrow(new Error('Expected the path of a file in PEM.'));
  });

  test.each([kinds.pemFile, kinds.inFile(kinds.secretText)])('a path that cannot be read is not repeated', (kind) => {
    const message = 'Expected the path of a readable file (ENOENT).';
    expect(() => parse(kind as ValueKind<unknown>, '/s3cret')).toThrow(new Error(message));
  });
});

describe('API tokens', () => {
  test('are separated by commas or line breaks', () => {
    const text = 'token-1-of-16-chars, token-2-of-16-chars\ntoken-3-of-16-chars\n';
    expect(parse(kinds.apiTokens, text)).toEqual(['token-1-of-16-chars', 'token-2-of-16-chars', 'token-3-of-16-chars']);
  });

  test.each([
    ['', 'Expected one or more tokens of at least 16 printable ASCII characters.'],
    ['secret', 'Expected tokens of at least 16 printable ASCII characters; the token has 6.'],
    ['token-1-of-16-chars,secret', 'Expected tokens of at least 16 printable ASCII characters; token 2 of 2 has 6.'],
    [
      'sécret-of-16-characters',
      'Expected tokens of at least 16 printable ASCII characters; the token has other characters.',
    ],
  ])('%j are refused without being repeated', (text, message) => {
    expect(() => parse(kinds.apiTokens, text)).toThrow(message);
  });
});

describe('a file mode', () => {
  test.each([
    ['0666', 0o666],
    ['660', 0o660],
    ['0000', 0],
  ])('takes %s', (text, mode) => expect(parse(kinds.fileMode, text)).toBe(mode));

  test.each(['', '66', '0o660', '0888', '1777', '-660', 'rw-rw----'])('refuses %j', (text) => {
    expect(() => parse(kinds.fileMode, text)).toThrow(`Expected a mode in octal, like 0660, got \`${text}\`.`);
  });
});
