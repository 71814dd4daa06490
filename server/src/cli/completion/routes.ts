import { settingRows } from '../../config';
import type { CommandDefinition } from '../command';
import { commandSummaries } from '../command-names';

/** What can follow the words of a command. */
export interface Route {
  /** The words so far, without options: ``, `session`, `session show`. */
  readonly words: string;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  /** A word or an option with its dashes. */
  readonly text: string;
  readonly description: string;
  /** What must follow an option; `undefined`: nothing. */
  readonly value?: 'file' | 'text' | undefined;
}

const help: Candidate = { text: '--help', description: 'Explain the command.' };

/** All places on the command line at which something can be completed. */
export function routesOf(definitions: readonly CommandDefinition[]): Route[] {
  const settings = settingCandidates();
  const names = Object.entries(commandSummaries).map(([text, description]) => ({ text, description }));
  const groups = new Map<string, Candidate[]>();
  for (const { name, summary } of definitions) {
    const [group = '', ...rest] = name.split(' ');
    if (rest.length > 0)
      groups.set(group, [...(groups.get(group) ?? []), { text: rest.join(' '), description: summary }]);
  }
  return [
    { words: '', candidates: [...names, ...settings, help, { text: '--version', description: 'Print the version.' }] },
    { words: 'serve', candidates: [...settings, help] },
    { words: 'help', candidates: names },
    ...[...groups].map(([words, candidates]) => ({ words, candidates: [...candidates, help] })),
    ...definitions.map((definition) => ({
      words: definition.name,
      candidates: [...ownCandidates(definition), ...(definition.takesSettings === true ? settings : []), help],
    })),
  ];
}

function ownCandidates({ arguments: words = [], options }: CommandDefinition): Candidate[] {
  return [
    ...words.flatMap(({ argChoices = [], description }) => argChoices.map((text) => ({ text, description }))),
    ...options.map(({ long = '', description, flags }) => ({
      text: long,
      description,
      value: valueOf(flags),
    })),
  ];
}

function valueOf(flags: string): Candidate['value'] {
  if (!flags.includes('<')) return undefined;
  return flags.includes('<path>') ? 'file' : 'text';
}

function settingCandidates(): Candidate[] {
  return settingRows().flatMap(({ flag, help: text, kind }) => {
    if (flag === undefined) return [];
    const [description = ''] = text.split(/(?<=\.) /, 1);
    return [
      { text: `--${flag}`, description, value: kind.startsWith('path ') ? ('file' as const) : ('text' as const) },
    ];
  });
}

/** The options that something follows, of all routes. */
export function optionsWith(value: Candidate['value'], routes: readonly Route[]): string[] {
  const all = routes.flatMap(({ candidates }) => candidates);
  return [...new Set(all.filter((candidate) => candidate.value === value).map(({ text }) => text))].sort();
}
