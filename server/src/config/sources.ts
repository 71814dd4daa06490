import { parseArgs } from 'node:util';
import { entries, nameAsFlag, places, prefix, variableOf } from './settings';
import type { SettingId } from './settings';
import type { ReadFile } from './values';

/** Where settings come from. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command line without the program itself. */
  readonly args: readonly string[];
  readonly readFile: ReadFile;
}

/** A setting as somebody wrote it. */
export interface Given {
  readonly text: string;
  /** The variable or flag it was written to, for messages. */
  readonly from: string;
  /** Whether the text is the path of a file that holds the value. */
  readonly isPath: boolean;
}

export type GivenSettings = ReadonlyMap<SettingId, Given>;

export interface Collected {
  readonly given: GivenSettings;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Collects what is set, and by whom: a flag wins over a variable. An empty one counts as not set. */
export function collect({ env, args }: Sources): Collected {
  const { flags, problems } = readFlags(args);
  const warnings = unknownVariables(env);
  const variable = (name: string, isPath = false): Given => ({ text: env[name] ?? '', from: name, isPath });

  const given = new Map<SettingId, Given>();
  for (const [id, setting] of entries) {
    const name = variableOf(setting);
    const candidates = setting.secret
      ? [variable(name), variable(`${name}_FILE`, true)]
      : [flags.get(id), variable(name)];
    const written = candidates.filter((candidate) => candidate !== undefined && candidate.text !== '') as Given[];
    const [first] = written;
    if (first !== undefined) given.set(id, first);
    if (setting.secret && written.length > 1)
      problems.push(`${written.map(({ from }) => from).join(' and ')}: Set only one.`);
  }

  // Platforms inject REDIS_URL. It counts where no setting of our own says where Redis is.
  const ambient = variable('REDIS_URL');
  const own = places.map((id) => given.get(id)).find((place) => place !== undefined);
  if (ambient.text !== '' && own === undefined) given.set('redisUrl', ambient);
  if (ambient.text !== '' && own !== undefined) warnings.push(`REDIS_URL is set, but not used because ${own.from} is.`);
  return { given, problems, warnings };
}

function readFlags(args: readonly string[]): { flags: ReadonlyMap<SettingId, Given>; problems: string[] } {
  const settingOf = new Map(entries.map((entry) => [nameAsFlag(entry[1]), entry]));
  // With those of secrets, so that it is known what of the command line is their value.
  const options = Object.fromEntries([...settingOf.keys()].map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });

  const flags = new Map<SettingId, Given>();
  const problems = new Set<string>();
  for (const token of tokens) {
    const [id, setting] = (token.kind === 'option' ? settingOf.get(token.name) : undefined) ?? [];
    if (token.kind !== 'option' || !/^--[a-z-]+$/.test(token.rawName)) {
      // The word itself may be a secret that went astray.
      problems.add('Expected --flags and their values on the command line and nothing else; --help lists them.');
    } else if (id === undefined || setting === undefined) {
      problems.add(`${token.rawName}: There is no such flag; --help lists them.`);
    } else if (setting.secret) {
      problems.add(
        `${token.rawName}: Secrets are not taken from the command line, which is no secret. Set ${variableOf(setting)} or ${variableOf(setting)}_FILE.`,
      );
    } else if (token.value === undefined) {
      problems.add(`${token.rawName}: Expected a value, got none.`);
    } else {
      flags.set(id, { text: token.value, from: token.rawName, isPath: false });
    }
  }
  return { flags, problems: [...problems] };
}

function unknownVariables(env: Sources['env']): string[] {
  const known = new Set(
    entries.flatMap(([, setting]) => [variableOf(setting), ...(setting.secret ? [`${variableOf(setting)}_FILE`] : [])]),
  );
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .map((name) => `${name} is set, but there is no such setting.`);
}
