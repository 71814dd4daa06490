/** The elements of arrays that were appended to: a thousand appends in one request parse an array once. */
export type KnownElements = WeakMap<Buffer, Set<string>>;

/**
 * Adds an element to the end of a JSON array, working on the text alone so that the elements keep the bytes, and numbers the
 * precision, they were written with.
 *
 * @param known what earlier appends left for later ones.
 * @returns the new array; `'present'` when `unlessPresent` is set and an element has the same text, not counting space
 * between tokens; `undefined` when `array` is no JSON array. Only its brackets are looked at to tell.
 */
export function appendToJsonArray(
  array: Buffer,
  element: Buffer,
  unlessPresent: boolean,
  known: KnownElements,
): Buffer | 'present' | undefined {
  const text = withoutOuterSpace(array.toString('latin1'));
  if (text.length < 2 || !text.startsWith('[') || !text.endsWith(']')) return undefined;
  const added = element.toString('latin1');
  const elements = known.get(array) ?? (unlessPresent ? new Set(elementsOf(text)) : undefined);
  if (elements !== undefined) {
    known.set(array, elements);
    const addedElement = tokensOf(added).join('');
    if (unlessPresent && elements.has(addedElement)) return 'present';
    elements.add(addedElement);
  }
  const body = text.slice(0, -1);
  const isEmpty = /^\[[ \t\r\n]*$/.test(body);
  const appended = Buffer.from(`${body}${isEmpty ? '' : ','}${added}]`, 'latin1');
  if (elements !== undefined) {
    // The set belongs to the longer array from now on.
    known.delete(array);
    known.set(appended, elements);
  }
  return appended;
}

/** A regular expression that looks for space at the end takes time quadratic in the space inside. */
function withoutOuterSpace(text: string): string {
  let [start, stop] = [0, text.length];
  while (start < stop && isSpace(text[start])) start += 1;
  while (stop > start && isSpace(text[stop - 1])) stop -= 1;
  return text.slice(start, stop);
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}

function tokensOf(json: string): readonly string[] {
  return json.match(/"(?:[^"\\]|\\.)*"|[[\]{},]|[^ \t\r\n"[\]{},]+/gs) ?? [];
}

/** The texts of the top-level elements of an array, without space between tokens. */
function elementsOf(array: string): readonly string[] {
  const elements: string[] = [];
  let element = '';
  let depth = 0;
  for (const token of tokensOf(array)) {
    if (token === ']' || token === '}') depth -= 1;
    const endsElement = (depth === 1 && token === ',') || depth === 0;
    if (!endsElement) element += token;
    else if (element !== '') {
      elements.push(element);
      element = '';
    }
    if (token === '[' || token === '{') depth += 1;
  }
  return elements;
}
