import { readFlags } from './flags';
import type { Given, OtherWords } from './flags';
import { entries, redisLocations, variableOf } from './settings';
import { prefix } from '../setting-names';
import type { SettingId } from '../setting-names';
import { suggestionFor, unknownVariable } from './suggestion';
import type { ReadFile } from './values';

/** Where settings come from. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command line without the program itself. */
  readonly args: readonly string[];
  readonly readFile: ReadFile;
  /** What the command line may have beside settings. Default: nothing. */
  readonly otherWords?: OtherWords;
}

export type GivenSettings = ReadonlyMap<SettingId, Given>;

export interface Collected {
  readonly given: GivenSettings;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Collects what is set, and where: a flag wins over a variable. An empty one counts as not set. */
export function collect({ env, args, otherWords }: Sources): Collected {
  const { flags, ...aboutFlags } = readFlags(args, otherWords);
  const problems = [...aboutFlags.problems];
  const warnings = [...aboutFlags.warnings, ...unknownVariables(env)];
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

  // Platforms inject REDIS_URL. It is used if no setting of our own locates Redis.
  const ambient = variable('REDIS_URL');
  const own = redisLocations.map((id) => given.get(id)).find((location) => location !== undefined);
  if (ambient.text !== '' && own === undefined) given.set('redisUrl', ambient);
  if (ambient.text !== '' && own !== undefined) warnings.push(`REDIS_URL is set, but not used because ${own.from} is.`);
  return { given, problems, warnings };
}

/** Warnings only: Kubernetes injects variables named after Services. */
function unknownVariables(env: Sources['env']): string[] {
  const names = entries.flatMap(([, setting]) => [
    variableOf(setting),
    ...(setting.secret ? [`${variableOf(setting)}_FILE`] : []),
  ]);
  const known = new Set(names);
  const withoutPrefix = names.map((name) => name.slice(prefix.length));
  const unknown = Object.keys(env).filter((name) => !known.has(name) && env[name] !== '');
  return unknown.flatMap((name) => {
    if (name.startsWith(prefix)) {
      const suggestion = suggestionFor(name.slice(prefix.length), withoutPrefix);
      return [unknownVariable(name, suggestion && prefix + suggestion)];
    }
    // Other variables are ignored, unless only the prefix is misspelt.
    const suggestion = /^sess/i.test(name) ? suggestionFor(name, names, 2) : undefined;
    return suggestion === undefined ? [] : [unknownVariable(name, suggestion)];
  });
}
