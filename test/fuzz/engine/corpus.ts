import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CorpusEntry } from './target';

/** The inputs of a target that once failed. The texts beside them say how. */
export function readCorpus(corpusFolder: string, target: string): CorpusEntry[] {
  const folder = join(corpusFolder, target);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.bin'));
  return files.sort().map((name) => ({ file: join(folder, name), input: readFileSync(join(folder, name)) }));
}

/** Adds an input and what happened with it. @returns the file */
export function addToCorpus(corpusFolder: string, target: string, input: Buffer, problem: string): string {
  const folder = join(corpusFolder, target);
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = join(folder, `${name}.bin`);
  writeFileSync(file, input);
  // Without the folder of this clone, which stacks in it name.
  const [what = ''] = problem.replaceAll(`${process.cwd()}/`, '').split('\n', 1);
  writeFileSync(join(folder, `${name}.txt`), `${what.replace(/^AssertionError \[\w+\]: /, '')}\n`);
  return file;
}
