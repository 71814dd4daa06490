import { ValueError } from './values';
import type { ValueKind } from './values';

/* The kinds of values that only variables of OpenTelemetry have, as the SDK reads them. */

/** Never repeated in an error, because it may contain a password. */
export const collectorUrl: ValueKind<URL> = {
  name: 'http:// or https:// URL',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ValueError('a URL like http://collector:4318');
    return url;
  },
};

/** `false` for what the SDK does not take for `true`. */
export const trueOrFalse: ValueKind<boolean> = {
  name: 'true or false',
  parse(text) {
    if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
    throw new ValueError('true or false', text);
  },
};

export const ratio: ValueKind<number> = {
  name: 'number, 0 to 1',
  parse(text) {
    if (/^\d*\.?\d+$/.test(text) && Number(text) <= 1) return Number(text);
    throw new ValueError('a number from 0 to 1', text);
  },
};

/** Of HTTP, which are never repeated in an error. The SDK would leave out a header that it cannot read. */
export const headers: ValueKind<void> = {
  name: 'list of name=value',
  parse(text) {
    const isHeader = ([name, ...value]: readonly string[]): boolean =>
      /^[\w!#$%&'*+.^`|~-]+$/.test(name ?? '') && value.join('') !== '';
    if (!partsOf(text)?.every(isHeader)) {
      throw new ValueError('headers like name=value,name2=value2, with % and commas percent-encoded');
    }
  },
};

const maxAttributeLength = 255;

/** The SDK would leave out all of them if it cannot read one. */
export const resourceAttributes: ValueKind<void> = {
  name: 'list of name=value',
  parse(text) {
    const isAttribute = (parts: readonly string[]): boolean =>
      parts.length === 2 && parts[0] !== '' && parts.every(({ length }) => length <= maxAttributeLength);
    if (!partsOf(text)?.every(isAttribute)) {
      throw new ValueError(
        `attributes like name=value,name2=value2, of at most ${maxAttributeLength} characters each, with %, = and commas percent-encoded`,
      );
    }
  },
};

/** The parts between equals signs of each entry between commas; `undefined`: one of them is not percent-encoded. */
function partsOf(text: string): string[][] | undefined {
  const entries = text.split(',').filter((entry) => entry.trim() !== '');
  try {
    return entries.map((entry) => entry.split('=').map((part) => decodeURIComponent(part.trim())));
  } catch {
    return undefined;
  }
}
