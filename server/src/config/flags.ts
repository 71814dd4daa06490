import { parseArgs } from 'node:util';
import { entries, flagOf, nameAsFlag, variableOf } from './settings';
import type { Setting } from './settings';
import type { SettingId } from '../setting-names';
import { suggestionFor } from './suggestion';

/** A setting as given on the command line or in the environment. */
export interface Given {
  readonly text: string;
  /** Its variable or flag, for messages. */
  readonly from: string;
  /** Whether the text is the path of a file that holds the value. */
  readonly isPath: boolean;
}

export interface Flags {
  readonly flags: ReadonlyMap<SettingId, Given>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Including secrets, so that their values on the command line are recognised. */
const settingOf = new Map(entries.map((entry) => [nameAsFlag(entry[1]), entry]));

/** Candidates for suggestions. */
const flagNames = [...entries.flatMap(([, setting]) => flagOf(setting) ?? []), 'help', 'version'];

const nothingElse = 'Expected --flags and their values on the command line and nothing else; --help lists them.';

/** What a command line may have beside settings. Misspelt words are compared with it. */
export interface OtherWords {
  /** First words. */
  readonly commands?: readonly string[];
  /** Flags, without dashes. */
  readonly flags?: readonly string[];
}

/** Reads the command line. Words that are not flags may be misplaced secrets, so messages do not repeat them. */
export function readFlags(args: readonly string[], others: OtherWords = {}): Flags {
  const options = Object.fromEntries([...settingOf.keys()].map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({
    args: withoutMissingValues(args),
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags = new Map<SettingId, Given>();
  const problems = new Set<string>();
  const warnings = new Set<string>();
  /** The position of the value of an unknown flag. */
  let valueOfUnknown = -1;
  for (const token of tokens) {
    const word = args[token.index] ?? '';
    if (token.kind !== 'option' || !token.rawName.startsWith('--')) {
      if (token.index !== valueOfUnknown) problems.add(aboutWord(word, token.index === 0 ? others.commands : []));
      continue;
    }
    const { rawName, value } = token;
    const [id, setting] = settingOf.get(token.name) ?? [];
    if (id === undefined || setting === undefined) {
      problems.add(aboutUnknown(rawName, others.flags));
      if (value === undefined) valueOfUnknown = token.index + 1;
    } else if (setting.secret) {
      problems.add(
        `${rawName}: Secrets are not accepted on the command line, which other processes can read. ${insteadOf(setting)}`,
      );
    } else if (value === undefined || value === missing) {
      problems.add(`${rawName}: Expected a value, got none.`);
    } else {
      if (flags.has(id)) warnings.add(`${rawName} is given more than once; the last value counts.`);
      flags.set(id, { text: value, from: rawName, isPath: false });
    }
  }
  return { flags, problems: [...problems], warnings: [...warnings] };
}

/** Marks a missing value. No argument can contain it. */
const missing = '\0';

/** `parseArgs` would take the flag that follows for the value. */
function withoutMissingValues(args: readonly string[]): string[] {
  return args.map((arg, index) =>
    settingOf.has(arg.replace(/^--/, '')) && args[index + 1]?.startsWith('--') ? `${arg}=${missing}` : arg,
  );
}

/** @param rawName with its dashes, and without the value */
function aboutUnknown(rawName: string, others: readonly string[] = []): string {
  const subject = /^--[a-z-]+$/.test(rawName) ? `${rawName}: Unknown flag` : 'Unknown flag';
  const [, secret] = settingOf.get(rawName.slice(2).replace(/-file$/, '')) ?? [];
  if (secret?.secret) return `${subject}. ${insteadOf(secret)}`;
  const suggestion = suggestionFor(rawName, [...flagNames, ...others]);
  return suggestion === undefined ? `${subject}; --help lists them.` : `${subject}. Did you mean --${suggestion}?`;
}

function aboutWord(word: string, commands: readonly string[] = []): string {
  const command = suggestionFor(word, commands);
  if (command !== undefined) return `Unknown command. Did you mean ${command}?`;
  const [name = ''] = word.split('=', 1);
  const suggestion = suggestionFor(name, flagNames);
  return suggestion === undefined ? nothingElse : `${nothingElse} Did you mean --${suggestion}?`;
}

function insteadOf(secret: Setting<unknown>): string {
  return `Set ${variableOf(secret)} or ${variableOf(secret)}_FILE.`;
}
