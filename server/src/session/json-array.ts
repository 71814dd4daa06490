import { canonicalJson } from './json-value';

/**
 * A JSON array that grows, as text, so that elements keep their bytes and numbers their precision. However many elements are
 * appended, the text is searched once and joined once.
 */
export class JsonArray {
  /** The text: complete until something is appended, then without its closing bracket. */
  readonly #parts: Buffer[];
  readonly #body: Buffer;
  #isEmpty: boolean;
  #byteLength: number;
  #text: Buffer | undefined;
  /** By their canonical texts; `undefined` until a search needs them. */
  #elements: Set<string> | undefined;

  private constructor(text: Buffer, body: Buffer) {
    this.#text = text;
    this.#byteLength = text.length;
    this.#body = body;
    this.#parts = [body];
    this.#isEmpty = afterSpace(body, 1) === body.length;
  }

  /** @returns `undefined` when the text is not a JSON array. Only its brackets are checked. */
  static open(text: Buffer): JsonArray | undefined {
    const from = afterSpace(text, 0);
    let to = text.length - 1;
    while (to > from && isSpace(text[to])) to -= 1;
    if (to <= from || text[from] !== openBracket || text[to] !== closeBracket) return undefined;
    return new JsonArray(text, text.subarray(from, to));
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds an element to the end.
   *
   * @returns `false`, and adds nothing, when `unlessPresent` is set and an element has the same value
   */
  append(element: Buffer, unlessPresent: boolean): boolean {
    if (unlessPresent || this.#elements !== undefined) {
      this.#elements ??= new Set(elementsOf(this.#join().toString('latin1', 1)).map(canonicalJson));
      const text = canonicalJson(withoutSpace(element.toString('latin1')));
      if (unlessPresent && this.#elements.has(text)) return false;
      this.#elements.add(text);
    }
    if (this.#text !== undefined && this.#parts.length === 1) this.#byteLength = this.#body.length + 1;
    if (!this.#isEmpty) this.#parts.push(comma);
    this.#parts.push(element);
    this.#byteLength += element.length + (this.#isEmpty ? 0 : comma.length);
    this.#isEmpty = false;
    this.#text = undefined;
    return true;
  }

  toBuffer(): Buffer {
    this.#text ??= Buffer.concat([...this.#parts, closing]);
    return this.#text;
  }

  #join(): Buffer {
    return this.#parts.length === 1 ? this.#body : Buffer.concat(this.#parts);
  }
}

const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = Buffer.from(',');
const closing = Buffer.from(']');

/** The end of a string, for a scan. */
export type Text = Pick<string, 'length' | 'charCodeAt' | 'slice'>;

/** The texts of the elements between an array's brackets, without space between tokens. */
export function elementsOf(body: Text): readonly string[] {
  return pieces(body, true);
}

function withoutSpace(json: string): string {
  return pieces(json, false).join('');
}

/**
 * Reads each character once, so the time is linear in the length, whatever the text is; `json_array.lua` does the same.
 *
 * @param split at the commas outside arrays, objects and strings
 */
function pieces(json: Text, split: boolean): string[] {
  const found: string[] = [];
  let piece = '';
  let depth = 0;
  let from = 0;
  const takeUntil = (to: number): void => {
    if (to > from) piece += json.slice(from, to);
    from = to + 1;
  };
  const finish = (): void => {
    if (piece !== '') found.push(piece);
    piece = '';
  };
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case 0x22:
        at = stringStop(json, at);
        break;
      case 0x2c:
        if (!split || depth !== 0) break;
        takeUntil(at);
        finish();
        break;
      case 0x5b:
      case 0x7b:
        depth += 1;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
      case 0x20:
      case 0x09:
      case 0x0d:
      case 0x0a:
        takeUntil(at);
        break;
    }
  }
  takeUntil(json.length);
  finish();
  return found;
}

/** The position where the string that opens at `at` closes, or the end of the text. */
function stringStop(json: Text, at: number): number {
  for (let stop = at + 1; stop < json.length; stop += 1) {
    const code = json.charCodeAt(stop);
    if (code === 0x22) return stop;
    if (code === 0x5c) stop += 1;
  }
  return json.length;
}

function afterSpace(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}
