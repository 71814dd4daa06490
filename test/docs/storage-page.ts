import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const text = readFileSync(join(__dirname, '..', '..', 'docs', 'reference', 'storage.md'), 'utf8');

/** The cells of the rows of the table whose head begins with these cells. */
export function tableOf(...head: string[]): string[][] {
  const lines = text.split('\n');
  const cellsOf = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const at = lines.findIndex(
    (line) => line.startsWith('|') && head.every((cell, index) => cellsOf(line)[index] === cell),
  );
  if (at < 0) throw new Error(`The document has no table "${head.join(', ')}".`);
  const stop = lines.findIndex((line, index) => index > at && !line.startsWith('|'));
  return lines.slice(at + 2, stop).map(cellsOf);
}

export const codeIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');

export function blocksOf(language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block ?? '');
}

export function notThere(what: string): never {
  throw new Error(`Expected ${what}.`);
}
