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
