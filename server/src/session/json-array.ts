/**
 * Adds an element to the end of a JSON array, working on the text alone so that the elements keep the bytes, and numbers the
 * precision, they were written with.
 *
 * @returns the new array; `'present'` when `unlessPresent` is set and an element has the same text, not counting space
 * between tokens; `undefined` when `array` is no JSON array. Only its brackets are looked at to tell.
 */
export function appendToJsonArray(
  array: Buffer,
  element: Buffer,
  unlessPresent: boolean,
): Buffer | 'present' | undefined {
  const text = array.toString('latin1').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  if (text.length < 2 || !text.startsWith('[') || !text.endsWith(']')) return undefined;
  const added = element.toString('latin1');
  if (unlessPresent && elementsOf(text).includes(tokensOf(added).join(''))) return 'present';
  const body = text.slice(0, -1);
  const isEmpty = /^\[[ \t\r\n]*$/.test(body);
  return Buffer.from(`${body}${isEmpty ? '' : ','}${added}]`, 'latin1');
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
