import { readFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Without what is random or depends on the time. */
export function shapeOf(output: string): string {
  return output
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"<time>"')
    .replaceAll(/"[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{24}"/g, '"<token>"')
    .replaceAll(/"[A-Za-z0-9_-]{22}"/g, '"<128 bits>"')
    .trim();
}
