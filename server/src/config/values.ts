import { isIPv4, isIPv6 } from 'node:net';
import bytes from 'bytes-iec';
import ms from 'ms';
import type { GrpcAddress } from '../grpc/listeners';

/** What is wrong with a value: says what is expected and, unless it is a secret, what was got. */
export class ValueError extends Error {
  constructor(
    readonly expected: string,
    readonly got?: string,
  ) {
    super(got === undefined ? `Expected ${expected}.` : `Expected ${expected}, got \`${got}\`.`);
  }
}

/** Turns a setting's text into its value. */
export interface ValueKind<T> {
  /** How the documentation calls it. */
  readonly name: string;
  /** @throws ValueError */
  parse(text: string): T;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Both ends are allowed; written as a user would write them. */
interface Range {
  readonly min: string;
  readonly max: string;
}

/** In milliseconds. A bare number is refused: nobody remembers whether it means seconds. */
export function duration({ min, max }: Range): ValueKind<number> {
  const name = `duration, ${min} to ${max}`;
  return {
    name,
    parse(text) {
      const milliseconds = hasUnit(text) ? ms(text as ms.StringValue) : undefined;
      if (milliseconds !== undefined && inRange(milliseconds, ms(min as ms.StringValue), ms(max as ms.StringValue))) {
        return Math.round(milliseconds);
      }
      throw new ValueError(`a duration with its unit from ${min} to ${max}, like 250ms, 30s, 20m or 12h`, text);
    },
  };
}

/** `undefined` for `never`. */
export function durationOrNever(range: Range): ValueKind<number | undefined> {
  const { name, parse } = duration(range);
  return {
    name: `${name}, or never`,
    parse(text) {
      if (text === 'never') return undefined;
      try {
        return parse(text);
      } catch (error) {
        throw error instanceof ValueError ? new ValueError(`${error.expected}; or never`, error.got) : error;
      }
    },
  };
}

/** In bytes. */
export function size({ min, max }: Range): ValueKind<number> {
  return {
    name: `size, ${min} to ${max}`,
    parse(text) {
      const parsed = hasUnit(text) ? bytes.parse(text) : null;
      if (parsed !== null && inRange(parsed, Number(bytes.parse(min)), Number(bytes.parse(max)))) return Math.floor(parsed);
      throw new ValueError(`a size with its unit from ${min} to ${max}, like 64KiB or 1MB`, text);
    },
  };
}

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

export const onOff: ValueKind<boolean> = {
  name: 'on or off',
  parse: (text) => oneOf('on', 'off').parse(text) === 'on',
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

/** Anything, and never repeated in an error. */
export const secretText: ValueKind<string> = { name: 'text', parse: (text) => text };

/** `:9464` is port 9464 of every interface. */
export const listenAddress: ValueKind<HostAndPort> = {
  name: 'host:port or :port',
  parse: (text) => (text.startsWith(':') ? hostAndPort(`0.0.0.0${text}`, text) : hostAndPort(text)),
};

export const nodes: ValueKind<readonly HostAndPort[]> = {
  name: 'host:port, more than one separated by commas',
  parse: (text) => listOf(text).map((address) => hostAndPort(address)),
};

/**
 * Loopback and Unix sockets only: the link to the app is neither encrypted nor authenticated, so nobody outside the pod may
 * reach it.
 */
export const grpcAddresses: ValueKind<readonly GrpcAddress[]> = {
  name: 'host:port on loopback or unix:/path, more than one separated by commas',
  parse: (text) =>
    listOf(text).map((address): GrpcAddress => {
      if (address.startsWith('unix:/')) return { kind: 'unix', path: address.slice('unix:'.length) };
      const { host, port } = hostAndPort(address);
      if (isLoopback(host)) return { kind: 'tcp', host, port };
      throw new ValueError('loopback, like 127.0.0.1:50051 or [::1]:50051, or unix:/path/to/socket', address);
    }),
};

/** At least 256 bits each, as RFC 2104 advises for a key of HMAC-SHA-256. */
export const signingKeys: ValueKind<readonly Buffer[]> = {
  name: 'keys in base64, more than one separated by commas or line breaks',
  parse(text) {
    const keys = text.split(/[\s,]+/).filter((key) => key !== '');
    const expected = `keys of at least ${shortestKeyBytes} bytes in base64`;
    if (keys.length === 0) throw new ValueError(`one or more ${expected}`);
    return keys.map((key, index) => {
      const which = keys.length === 1 ? 'the key' : `key ${index + 1} of ${keys.length}`;
      if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(key)) throw new ValueError(`${expected}; ${which} is not base64`);
      const decoded = Buffer.from(key, 'base64');
      if (decoded.length >= shortestKeyBytes) return decoded;
      throw new ValueError(`${expected}; ${which} has ${decoded.length}`);
    });
  },
};

const shortestKeyBytes = 32;

function hasUnit(text: string): boolean {
  return /^[\d.]+ ?[a-z]+$/i.test(text);
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function listOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function hostAndPort(address: string, written = address): HostAndPort {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:\s/[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const isHost = host !== undefined && (bracketed === undefined || isIPv6(host));
  if (!isHost || Number(port) > 65_535) throw new ValueError('host:port, like 127.0.0.1:6379', written);
  return { host, port: Number(port) };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
