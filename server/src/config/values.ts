import { isIPv4 } from 'node:net';
import bytes from 'bytes-iec';
import ms from 'ms';
import type { GrpcAddress } from '../grpc/listening/address';
import { dataRule } from '../data-schema/data-schema';
import type { DataRule } from '../session/data-rule';
import { parseHostAndPort } from '../host-and-port';
import type { HostAndPort } from '../host-and-port';
import type { EncryptionKeys } from '../store/redis/encryption/content-keys';

/** A problem of a value: what was expected and, unless it may be a secret, what it was. */
export class ValueError extends Error {
  constructor(
    readonly expected: string,
    readonly got?: string,
  ) {
    super(got === undefined ? `Expected ${expected}.` : `Expected ${expected}, got \`${got}\`.`);
  }
}

/** @throws Error when there is no such file. */
export type ReadFile = (path: string) => Buffer;

/** Turns a setting's text into its value. */
export interface ValueKind<T> {
  /** Its name in the documentation. */
  readonly name: string;
  /** @throws ValueError */
  parse(text: string, readFile: ReadFile): T;
}

export interface ListenAddress {
  /** `undefined`: every interface. */
  readonly host: string | undefined;
  readonly port: number;
}

/** Both ends are inclusive, in the form that a user would write. */
interface Range {
  readonly min: string;
  readonly max: string;
}

/** In milliseconds. A number without a unit is rejected, because it is ambiguous. */
export function duration(range: Range): ValueKind<number> {
  return {
    name: `duration, ${range.min} to ${range.max}`,
    parse: (text) => millisecondsIn(range, text, ''),
  };
}

/** `undefined` for `never`. */
export function durationOrNever(range: Range): ValueKind<number | undefined> {
  return {
    name: `duration, ${range.min} to ${range.max}, or never`,
    parse: (text) => (text === 'never' ? undefined : millisecondsIn(range, text, ', or never')),
  };
}

/** In bytes. */
export function size({ min, max }: Range): ValueKind<number> {
  return {
    name: `size, ${min} to ${max}`,
    parse(text) {
      const parsed = hasUnit(text) ? bytes.parse(text) : null;
      const range = `a size from ${min} to ${max}`;
      if (parsed === null) throw new ValueError(`${range} with one of the units ${sizeUnits}, like 64KiB or 1MB`, text);
      if (inRange(parsed, Number(bytes.parse(min)), Number(bytes.parse(max)))) return Math.floor(parsed);
      throw new ValueError(range, text);
    },
  };
}

const sizeUnits = 'B, kB, KiB, MB, MiB, GB or GiB';

export function integer(min: number, max: number): ValueKind<number> {
  return {
    name: `whole number, ${min} to ${max}`,
    parse(text) {
      if (/^\d+$/.test(text) && inRange(Number(text), min, max)) return Number(text);
      throw new ValueError(`a whole number from ${min} to ${max}`, text);
    },
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): ValueKind<T> {
  return {
    name: choices.join(', '),
    parse(text) {
      const choice = choices.find((candidate) => candidate === text);
      if (choice === undefined) throw new ValueError(choices.join(' or '), text);
      return choice;
    },
  };
}

/** From the least to the most verbose. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof logLevels)[number];

export const onOff: ValueKind<boolean> = {
  name: 'on or off',
  parse: (text, readFile) => oneOf('on', 'off').parse(text, readFile) === 'on',
};

export function plainText(expected: string, pattern: RegExp): ValueKind<string> {
  return {
    name: expected,
    parse(text) {
      if (!pattern.test(text)) throw new ValueError(expected, text);
      return text;
    },
  };
}

/** Any text, never repeated in an error. */
export const secretText: ValueKind<string> = { name: 'text', parse: (text) => text };

/** The content of a file, given its path. */
export const pemFile: ValueKind<Buffer> = {
  name: 'path of a PEM file',
  parse(path, readFile) {
    const content = contentOf(path, readFile);
    if (!content.includes('-----BEGIN ')) throw new ValueError('the path of a file in PEM');
    return content;
  },
};

/** The rule of a JSON Schema, given the path of its file. */
export const dataSchemaFile: ValueKind<DataRule> = {
  name: 'path of a JSON file',
  parse(path, readFile) {
    const content = contentOf(path, readFile);
    try {
      return dataRule(content.toString());
    } catch (error) {
      throw new ValueError(`the path of a file with a JSON Schema (${(error as Error).message})`);
    }
  },
};

/** The kinds of settings whose values are the contents of files. */
export const fileKinds: ReadonlySet<unknown> = new Set([pemFile, dataSchemaFile]);

/** The same value, given the path of a file that holds its text. Trailing line breaks are ignored. */
export function inFile<T>(kind: ValueKind<T>): ValueKind<T> {
  return {
    name: `path of a file with ${kind.name}`,
    parse(path, readFile) {
      const text = contentOf(path, readFile)
        .toString()
        .replace(/[\r\n]+$/, '');
      // A secret that was not mounted can leave an empty file.
      if (text === '') throw new ValueError('the path of a file that is not empty');
      return kind.parse(text, readFile);
    },
  };
}

export const listenAddress: ValueKind<ListenAddress> = {
  name: 'host:port, or :port for every interface',
  parse(text) {
    if (text.startsWith(':'))
      return { host: undefined, port: parseHostAndPort(`localhost${text}`)?.port ?? refuseAddress(text) };
    return parseHostAndPort(text) ?? refuseAddress(text);
  },
};

/** In lower case. */
export const hostNames: ValueKind<readonly string[]> = {
  name: 'comma-separated list of host names',
  parse: (text) =>
    listOf(text.toLowerCase()).map((name) => {
      if (/^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(name)) return name;
      throw new ValueError('host names without scheme and port, like inspector.example.com', name);
    }),
};

export const nodes: ValueKind<readonly HostAndPort[]> = {
  name: 'comma-separated list of host:port',
  parse: (text) =>
    listOf(text).map((node) => {
      const address = parseHostAndPort(node);
      if (address !== undefined && address.port > 0) return address;
      // The text may be a URL with a password.
      throw new ValueError('host:port, like 10.0.0.7:6379 or [fd00::7]:6379', node.includes('@') ? undefined : node);
    }),
};

/** Loopback and Unix sockets only: the connection to the app is not encrypted, so it must not be reachable from outside the pod. */
export const grpcAddresses: ValueKind<readonly GrpcAddress[]> = {
  name: 'comma-separated list of host:port on loopback or unix:/path',
  parse: (text) =>
    listOf(text).map((address): GrpcAddress => {
      if (address.startsWith('unix:/')) return { kind: 'unix', path: socketPath(address) };
      const tcp = parseHostAndPort(address);
      if (tcp !== undefined && isLoopback(tcp.host)) return { kind: 'tcp', ...tcp };
      throw new ValueError('loopback, like 127.0.0.1:50051 or [::1]:50051, or unix:/path/to/socket', address);
    }),
};

/** At least 256 bits each, as RFC 2104 advises for a key of HMAC-SHA-256. */
export const signingKeys: ValueKind<readonly Buffer[]> = {
  name: 'keys in base64, separated by commas or line breaks',
  parse(text) {
    const keys = text.split(/[\s,]+/).filter((key) => key !== '');
    const expected = `keys of at least ${minKeyBytes} bytes in base64`;
    if (keys.length === 0) throw new ValueError(`one or more ${expected}`);
    return keys.map((key, index) => {
      const which = keys.length === 1 ? 'the key' : `key ${index + 1} of ${keys.length}`;
      if (!base64.test(key)) throw new ValueError(`${expected}; ${which} is not base64`);
      const decoded = Buffer.from(key, 'base64');
      if (decoded.length >= minKeyBytes) return decoded;
      throw new ValueError(`${expected}; ${which} has ${decoded.length}`);
    });
  },
};

/** The word that stands for no key, in the first place: what is written is not encrypted. */
const noKey = 'none';

/** As signing keys: the first one encrypts, unless `none` is in front of it. */
export const encryptionKeys: ValueKind<EncryptionKeys> = {
  name: 'keys in base64, separated by commas or line breaks, after `none` if they only decrypt',
  parse(text, readFile) {
    const [first, ...others] = text.trim().split(/[\s,]+/);
    const encrypts = first !== noKey;
    return { encrypts, keys: signingKeys.parse(encrypts ? text : others.join(','), readFile) };
  },
};

const minKeyBytes = 32;

/** Long enough to be unguessable, and of characters that a header can contain. */
export const apiTokens: ValueKind<readonly string[]> = {
  name: 'tokens of at least 16 characters, separated by commas or line breaks',
  parse(text) {
    const tokens = text.split(/[\s,]+/).filter((token) => token !== '');
    const expected = 'tokens of at least 16 printable ASCII characters';
    if (tokens.length === 0) throw new ValueError(`one or more ${expected}`);
    for (const [index, token] of tokens.entries()) {
      const which = tokens.length === 1 ? 'the token' : `token ${index + 1} of ${tokens.length}`;
      if (!/^[\x21-\x7e]*$/.test(token)) throw new ValueError(`${expected}; ${which} has other characters`);
      if (token.length < 16) throw new ValueError(`${expected}; ${which} has ${token.length}`);
    }
    return tokens;
  },
};

/** Of a file, as chmod takes it. */
export const fileMode: ValueKind<number> = {
  name: 'mode in octal, 0000 to 0777',
  parse(text) {
    if (!/^0?[0-7]{3}$/.test(text)) throw new ValueError('a mode in octal, like 0660', text);
    return parseInt(text, 8);
  },
};

/** Of either alphabet, and with or without padding. */
const base64 = /^([\w+/-]{4})*([\w+/-]{2}(==)?|[\w+/-]{3}=?)?$/;

/** @param others alternatives that the setting accepts, for messages */
function millisecondsIn({ min, max }: Range, text: string, others: string): number {
  const milliseconds = hasUnit(text) ? ms(text as ms.StringValue) : NaN;
  const range = `a duration from ${min} to ${max}`;
  if (!Number.isFinite(milliseconds)) {
    throw new ValueError(`${range} with one of the units ms, s, m, h or d, like 250ms, 30s, 20m or 12h${others}`, text);
  }
  if (inRange(milliseconds, ms(min as ms.StringValue), ms(max as ms.StringValue))) return Math.round(milliseconds);
  throw new ValueError(`${range}${others}`, text);
}

function hasUnit(text: string): boolean {
  return /^[\d.]+ ?[a-z]+$/i.test(text);
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function listOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

/** The system would truncate a longer path. */
function socketPath(address: string): string {
  const path = address.slice('unix:'.length);
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  throw new ValueError(`a path of at most ${maxSocketPathBytes} bytes after unix:`, address);
}

/** On macOS; Linux allows 107. */
const maxSocketPathBytes = 103;

function refuseAddress(text: string): never {
  throw new ValueError('host:port or :port, like 127.0.0.1:9464, [::1]:9464 or :9464', text);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** The path is not repeated: it may be the secret itself, in the wrong variable. */
function contentOf(path: string, readFile: ReadFile): Buffer {
  try {
    return readFile(path);
  } catch (error) {
    throw new ValueError(`the path of a readable file (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
}
