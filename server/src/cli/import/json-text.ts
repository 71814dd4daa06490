/*
 * Parts of JSON texts as they stand in the text. JSON.parse() would lose digits of numbers, such as ids of 64 bits, which Python writes.
 * All texts must be valid JSON.
 */

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The members of an object, each name once with its last value, as parsers take it. `undefined`: the text is no object. */
export function membersOf(json: string): ReadonlyMap<string, string> | undefined {
  if (!json.trimStart().startsWith('{')) return undefined;
  return new Map(
    partsOf(json).map((part) => {
      const end = endOfString(part, 0) + 1;
      return [JSON.parse(part.slice(0, end)) as string, part.slice(part.indexOf(':', end) + 1).trim()];
    }),
  );
}

/** The elements of an array. `undefined`: the text is no array. */
export function elementsOf(json: string): readonly string[] | undefined {
  return json.trimStart().startsWith('[') ? partsOf(json) : undefined;
}

/** What the commas of the outermost array or object separate. */
function partsOf(json: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  const add = (to: number): void => {
    const part = json.slice(from, to).trim();
    if (part !== '') parts.push(part);
    from = to + 1;
  };
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case quote:
        at = endOfString(json, at);
        break;
      case openBracket:
      case openBrace:
        depth += 1;
        if (depth === 1) from = at + 1;
        break;
      case closeBracket:
      case closeBrace:
        depth -= 1;
        if (depth === 0) add(at);
        break;
      case comma:
        if (depth === 1) add(at);
        break;
    }
  }
  return parts;
}

/** @returns the position of the quote that ends the string which begins at `from` */
function endOfString(json: string, from: number): number {
  let at = from;
  do at = json.indexOf('"', at + 1);
  while (isEscaped(json, at));
  return at;
}

function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}
