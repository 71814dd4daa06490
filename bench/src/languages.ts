import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The languages of the load processes in `bench/go` and `bench/python`. */
export type Language = 'go' | 'python';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Environment variables in addition to those of every child process. */
  readonly env: Readonly<Record<string, string>>;
}

const script = join(__dirname, '..', '..', 'scripts', 'bench-load.mjs');
const found = new Map<Language, Program | { readonly missing: string }>();

/** Installs the libraries of the comparison and builds the load process, once. @returns the program, or what is not installed */
export function findLoadProgram(language: Language): Program | { readonly missing: string } {
  let program = found.get(language);
  if (program === undefined) {
    const output = execFileSync(process.execPath, [script, language], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    program = JSON.parse(output) as Program | { readonly missing: string };
    found.set(language, program);
  }
  return program;
}

/** @throws Error if the language is not installed */
export function loadProgram(language: Language): Program {
  const program = findLoadProgram(language);
  if ('missing' in program) throw new Error(`This row requires ${program.missing}.`);
  return program;
}
