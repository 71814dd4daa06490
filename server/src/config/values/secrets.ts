import type { EncryptionKeys } from '../../store/redis/encryption/content-keys';
import { ValueError } from './value-kind';
import type { ValueKind } from './value-kind';

/** Any text, never repeated in an error. */
export const secretText: ValueKind<string> = { name: 'text', parse: (text) => text };

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

/** Of either alphabet, and with or without padding. */
const base64 = /^([\w+/-]{4})*([\w+/-]{2}(==)?|[\w+/-]{3}=?)?$/;
