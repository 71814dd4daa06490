import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const root = join(__dirname, '..', '..');

export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced code blocks of a document, in order. */
export function blocksOf(path: string): Block[] {
  const fences = readFileSync(join(root, path), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...fences].map(([, language = '', text = '']) => ({ language, text }));
}

/** A document's text without its code blocks, in which generic functions of Go look like links. */
export function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}

export interface Program {
  readonly text: string;
  readonly output: string;
}

/** The programs of a document: `ts` blocks that follow each other are one, and a `text` block after them is what it prints. */
export function programsOf(path: string): Program[] {
  const programs: Program[] = [];
  let parts: string[] = [];
  const end = (output: string): void => {
    if (parts.length > 0) programs.push({ text: parts.join('\n'), output });
    parts = [];
  };
  for (const { language, text } of blocksOf(path)) {
    if (language === 'ts') parts.push(text);
    if (language === 'text') end(text);
  }
  end('');
  return programs;
}

/** The anchors of a document: of its headings, as GitHub makes them and numbers equal ones, and those that it sets itself. */
export function anchorsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const before = new Map<string, number>();
  const numbered = headings.map((heading) => {
    const count = before.get(heading) ?? 0;
    before.set(heading, count + 1);
    return count === 0 ? heading : `${heading}-${count}`;
  });
  return [...numbered, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
}

/** The cells of the rows of a document's tables, by the names in the head of each table. */
export function rowsOf(path: string): Readonly<Record<string, string>>[] {
  const tables = readFileSync(join(root, path), 'utf8').matchAll(/^\|.*\|\n\|[ :|-]+\|\n((?:\|.*\|\n)*)/gm);
  const cellsOf = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  return [...tables].flatMap(([table, rows = '']) => {
    const head = cellsOf(table.slice(0, table.indexOf('\n')));
    const lines = rows.split('\n').filter((line) => line !== '');
    return lines.map((line) => Object.fromEntries(cellsOf(line).map((cell, at) => [head[at], cell])));
  });
}

/** The links of a document that lead to nothing: no such file, or no such heading in it. Links to other sites are not followed. */
export function brokenLinksOf(path: string): string[] {
  const links = withoutCode(readFileSync(join(root, path), 'utf8')).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g);
  return [...links].flatMap(([, file = '', anchor]) => {
    const target = file === '' ? path : join(dirname(path), file);
    const isThere = existsSync(join(root, target)) && (anchor === undefined || anchorsOf(target).includes(anchor));
    return isThere ? [] : [`${file}#${anchor ?? ''}`];
  });
}

/**
 * The lines of a Markdown text that a formatter has broken, or would break: a code span that continues on the next line, and
 * a line inside a sentence that begins like a list item, quotation or heading and so became one. A formula that continues
 * with `+` or `-` does that.
 */
export function brokenFormattingIn(text: string): string[] {
  const broken: string[] = [];
  let before = '';
  let isFenced = false;
  /** The indentation of the list items that the next line may be a sibling of. */
  let listIndents: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^ *(```|~~~)/.test(line)) isFenced = !isFenced;
    else if (!isFenced) {
      const [, indent, marker] = /^( *)([-+*]|>|#+|\d+[.)])(?: |$)/.exec(line) ?? [];
      const isContinued = /[^.:!?)|>*]$/.test(before.trim());
      const isSibling = indent !== undefined && listIndents.includes(indent.length);
      const splitsSentence = marker !== undefined && isContinued && !isSibling;
      const splitsCode = (line.match(/`/g) ?? []).length % 2 === 1;
      if (splitsSentence || splitsCode) broken.push(`${index + 1}: ${line.trim()}`);
      if (indent !== undefined) listIndents = [...listIndents, indent.length];
      else if (before === '' && /^\S/.test(line)) listIndents = [];
      before = line;
    }
  }
  return broken;
}

/** Without what is random or depends on the time. */
export function shapeOf(output: string): string {
  return output
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"<time>"')
    .replaceAll(/"[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{24}"/g, '"<token>"')
    .replaceAll(/"[A-Za-z0-9_-]{22}"/g, '"<128 bits>"')
    .trim();
}
