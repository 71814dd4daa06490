import { definitions } from '../../../server/src/cli';
import { exitsOf } from '../../../server/src/cli/command';
import type { CommandDefinition } from '../../../server/src/cli/command';
import { commandSummaries } from '../../../server/src/cli/command-names';
import { exitCodes } from '../../../server/src/cli/exit-codes';
import { code, page, table } from './markdown';

/** docs/reference/commands.md, from the definitions of the commands. */
export function commandsPage(): string {
  return page(
    'Commands',
    [
      'The program `session-sidecar` runs the sidecar and has commands to examine and operate it; [the guide](../guide/cli.md)',
      'shows them at work. Without a command, it runs `serve`, whose settings have [a page of their own](configuration.md).\n',
      'Results are printed on standard output, as tables or, with `--json`, as one JSON document. Messages and progress are',
      'printed on standard error. Colors are used on terminals only, and never if `NO_COLOR` is set.',
    ],
    table(['Command', 'What it does'], summaries()),
    '## Exit codes\n',
    table(
      ['Code', 'Meaning'],
      Object.values(exitCodes).map(({ code: number, meaning }) => [String(number), meaning]),
    ),
    ...definitions.map(section),
  );
}

function summaries(): string[][] {
  const groups = new Set(definitions.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : [])));
  return Object.entries(commandSummaries).flatMap(([name, summary]) => {
    if (!groups.has(name)) return [[code(name), summary]];
    const commands = definitions.filter((definition) => definition.name.startsWith(`${name} `));
    return commands.map((command) => [code(command.name), command.summary]);
  });
}

function section(definition: CommandDefinition): string {
  const { name, description, arguments: words = [], options, takesSettings, examples } = definition;
  const rows = [
    ...words.map((word) => [code(`<${word.name()}>`), aboutArgument(word)]),
    ...options.map((option) => [code(option.flags), aboutOption(option)]),
  ];
  return [
    `## ${code(name)}\n`,
    ...description.map((paragraph) => `${paragraph}\n`),
    ...(takesSettings === true
      ? ['It takes all [settings](configuration.md) of `serve`, as flags and as variables.\n']
      : []),
    ...(rows.length > 0 ? [table(['Option', 'Meaning'], rows)] : []),
    '```sh',
    ...examples.flatMap(({ command, purpose }) => [`# ${purpose}`, command]),
    '```\n',
    `Exit codes: ${exitsOf(definition)
      .map((exit) => exitCodes[exit].code)
      .join(', ')}.\n`,
  ].join('\n');
}

function aboutArgument({ description, argChoices }: { readonly description: string; readonly argChoices?: string[] }) {
  return argChoices === undefined ? description : `${description}: ${argChoices.join(', ')}`;
}

function aboutOption(option: CommandDefinition['options'][number]): string {
  const { description, defaultValueDescription } = option;
  const defaultValue = option.defaultValue as string | number | undefined;
  const fallback = defaultValueDescription ?? (defaultValue === undefined ? undefined : String(defaultValue));
  return fallback === undefined ? description : `${description} (default: ${fallback})`;
}
