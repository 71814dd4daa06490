import { parseArgs } from 'node:util';
import { flagOf, prefix, settings, variableOf } from './settings';
import type { Setting, SettingId } from './settings';

/** Where settings come from. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command line without the program itself. */
  readonly args: readonly string[];
  /** @throws Error when there is no such file. */
  readFile(path: string): Buffer;
}

/** A setting as somebody wrote it. */
export interface Given {
  readonly text: string;
  /** The variable or flag it was written to, for messages. */
  readonly from: string;
}

export interface Collected {
  readonly given: ReadonlyMap<SettingId, Given>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export const entries = Object.entries(settings) as [SettingId, Setting<unknown>][];

/** Collects what is set, and by whom: a flag wins over a variable. An empty variable counts as not set. */
export function collect({ env, args, readFile }: Sources): Collected {
  const problems: string[] = [];
  const given = new Map<SettingId, Given>();
  const flags = readFlags(args, problems);
  for (const [id, setting] of entries) {
    const variable = variableOf(setting);
    const candidates = [
      { from: `--${flagOf(setting) ?? ''}`, text: flags[flagOf(setting) ?? ''] },
      { from: variable, text: env[variable] },
      ...(setting.secret ? [fromFile(`${variable}_FILE`, env, readFile, problems)] : []),
    ];
    const written = candidates.filter((candidate): candidate is Given => (candidate.text ?? '') !== '');
    if (setting.secret && written.length > 1) problems.push(`${written.map(({ from }) => from).join(' and ')}: set only one.`);
    const [first] = written;
    if (first !== undefined) given.set(id, first);
  }
  return { given, problems, warnings: unknownVariables(env) };
}

function readFlags(args: readonly string[], problems: string[]): Readonly<Record<string, string | undefined>> {
  const names = entries.flatMap(([, setting]) => flagOf(setting) ?? []);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const flags: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') {
      // The word itself may be a secret that went astray.
      problems.push('Expected flags and nothing else on the command line; --help lists them.');
    } else if (!names.includes(token.name)) {
      problems.push(`${token.rawName}: There is no such flag; --help lists them.`);
    } else if (token.value === undefined) {
      problems.push(`${token.rawName}: Expected a value, got none.`);
    } else {
      flags[token.name] = token.value;
    }
  }
  return flags;
}

function fromFile(
  from: string,
  env: Sources['env'],
  readFile: Sources['readFile'],
  problems: string[],
): { from: string; text: string | undefined } {
  const path = env[from];
  if (path === undefined || path === '') return { from, text: undefined };
  try {
    return { from, text: readFile(path).toString().trim() };
  } catch (error) {
    problems.push(`${from}: Cannot read the file \`${path}\` (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`);
    return { from, text: undefined };
  }
}

function unknownVariables(env: Sources['env']): string[] {
  const known = new Set(
    entries.flatMap(([, setting]) => [variableOf(setting), ...(setting.secret ? [`${variableOf(setting)}_FILE`] : [])]),
  );
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .map((name) => `${name} is set, but there is no such setting.`);
}
