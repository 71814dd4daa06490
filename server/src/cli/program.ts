import { Command, Help } from 'commander';
import { exitsOf } from './command';
import { helpText } from '../config';
import { suggestionFor } from '../config/suggestion';
import { usageError } from './cli-error';
import type { CliError } from './cli-error';
import type { CommandDefinition } from './command';
import { commandSummaries } from './command-names';
import type { CommandName } from './command-names';
import { exitCodes } from './exit-codes';
import type { Exit } from './exit-codes';

export const programName = 'session-sidecar';

/** Called when the command line names a command. */
export type OnCall = (
  definition: CommandDefinition,
  options: Readonly<Record<string, unknown>>,
  args: readonly string[],
) => Promise<void>;

/** What commands print before they run: their help, and what is wrong with the command line. */
export interface Printer {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The parser of the command line. */
export function createProgram(definitions: readonly CommandDefinition[], onCall: OnCall, printer: Printer): Command {
  const program = new Command(programName);
  program
    .description('Runs the session sidecar, and examines and operates running ones.')
    .usage('<command> [options]')
    .helpOption('-h, --help', 'Explain the command.')
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: false,
      subcommandTerm: (command) => new Help().subcommandTerm(command).replace(' [options]', ''),
    })
    .configureOutput({
      writeOut: printer.out,
      writeErr: printer.err,
      outputError: (text, write) => write(withoutWords(text)),
    })
    .exitOverride();
  program.command('serve').summary(commandSummaries.serve).helpOption(false);
  for (const definition of definitions) add(program, definition, onCall);
  program
    .command('help')
    .summary(commandSummaries.help)
    .usage('[command]')
    .argument('[words...]')
    .helpOption(false)
    .action((words: readonly string[]) => explain(program, words, printer));
  program.addHelpText('after', '\n`session-sidecar serve --help` lists all settings.');
  return program;
}

/** The parser's own `help` explains something else than what was misspelt. */
function explain(program: Command, words: readonly string[], { out }: Printer): void {
  if (words[0] === 'serve') {
    out(helpText(commandSummaries));
    return;
  }
  let command = program;
  for (const word of words) {
    const found = command.commands.find((each) => each.name() === word);
    if (found === undefined) throw unknownCommand(word, command);
    command = found;
  }
  command.outputHelp();
}

function unknownCommand(word: string, parent: Command): CliError {
  const suggestion = suggestionFor(
    word,
    parent.commands.map((command) => command.name()),
  );
  return usageError(suggestion === undefined ? 'Unknown command.' : `Unknown command. Did you mean ${suggestion}?`);
}

function add(program: Command, definition: CommandDefinition, onCall: OnCall): void {
  const { name, summary, description, options, takesSettings = false } = definition;
  const words = name.split(' ');
  const parent = words.length === 1 ? program : groupOf(program, words[0] as CommandName);
  const command = parent.command(words.at(-1) ?? '').copyInheritedSettings(parent);
  command
    .summary(summary)
    .description([summary, ...description].join('\n\n'))
    .allowUnknownOption(takesSettings)
    .allowExcessArguments(takesSettings)
    .addHelpText('after', details(definition))
    .action(async () => onCall(definition, command.opts(), command.args));
  for (const argument of definition.arguments ?? []) command.addArgument(argument);
  for (const option of options) command.addOption(option);
}

function groupOf(program: Command, name: CommandName): Command {
  const group = program.commands.find((command) => command.name() === name);
  return (
    group ?? program.command(name).description(commandSummaries[name]).copyInheritedSettings(program).helpCommand(false)
  );
}

function details(definition: CommandDefinition): string {
  const { takesSettings = false, examples } = definition;
  const settings = 'All settings of `session-sidecar serve` can be given, too, as flags and as variables.';
  return [
    ...(takesSettings ? ['', settings] : []),
    ...['', 'Examples:', ...examples.flatMap(({ command, purpose }) => [`  # ${purpose}`, `  ${command}`])],
    ...['', 'Exit codes:', ...exitsOf(definition).map(exitRow)],
  ].join('\n');
}

function exitRow(exit: Exit): string {
  const { code, meaning } = exitCodes[exit];
  return `  ${String(code).padStart(3)}  ${meaning}`;
}

/**
 * The parser repeats words that it does not know. One may be a token that was pasted in the wrong place, so only what looks like a
 * command or an option is repeated.
 */
export function withoutWords(message: string): string {
  return message.replaceAll(/'([^']*)'/g, (quoted, word: string) =>
    /^(--?)?[a-z][a-z-]{0,30}( <[\w:./|-]+>)?$/i.test(word) || (word.startsWith('-') && word.includes('<'))
      ? quoted
      : 'that word',
  );
}

/** @returns the words after which a command is known to have ended this way */
export function exitOf(code: string): Exit {
  return code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version'
    ? 'ok'
    : 'usage';
}
