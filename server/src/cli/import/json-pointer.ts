import { ValueError } from '../../config/values';
import type { ValueKind } from '../../config/values';
import { elementsOf, membersOf } from './json-text';

/** The reference tokens of a JSON pointer (RFC 6901): none for the whole document. */
export type JsonPointer = readonly string[];

export const jsonPointer: ValueKind<JsonPointer> = {
  name: 'JSON pointer',
  parse(text) {
    if (!/^(\/([^~]|~[01])*)?$/.test(text)) throw new ValueError('a JSON pointer, like /passport/user', text);
    return text
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  },
};

/** The part of a JSON text that a pointer refers to, as it stands in the text; `undefined`: there is none. */
export function partAt(json: string, pointer: JsonPointer): string | undefined {
  let part: string | undefined = json;
  for (const token of pointer) {
    if (part === undefined) return undefined;
    part = membersOf(part)?.get(token) ?? elementAt(part, token);
  }
  return part;
}

function elementAt(json: string, token: string): string | undefined {
  return /^(0|[1-9]\d*)$/.test(token) ? elementsOf(json)?.[Number(token)] : undefined;
}
