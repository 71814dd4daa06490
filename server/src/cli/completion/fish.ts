import type { Candidate, Route } from './routes';

/** One line for each thing that can be completed. */
export function fishScript(routes: readonly Route[]): string {
  const lines = routes.flatMap(({ words, candidates }) =>
    candidates.map((candidate) => lineOf(candidate, conditionOf(words, candidates))),
  );
  return [
    '# Completion of session-sidecar for fish. Printed by: session-sidecar completion fish',
    'complete -c session-sidecar -f',
    ...lines,
    '',
  ].join('\n');
}

/** Whether the words on the command line lead to this route and no further. */
function conditionOf(words: string, candidates: readonly Candidate[]): string {
  if (words === '') return '__fish_use_subcommand';
  const [group = '', ...rest] = words.split(' ');
  const next = candidates.map(({ text }) => text).filter((text) => !text.startsWith('-') && text !== group);
  return [
    `__fish_seen_subcommand_from ${group}`,
    ...rest.map((word) => `__fish_seen_subcommand_from ${word}`),
    ...(next.length > 0 ? [`not __fish_seen_subcommand_from ${next.join(' ')}`] : []),
  ].join('; and ');
}

function lineOf({ text, description, value }: Candidate, condition: string): string {
  const what = text.startsWith('--') ? `-l ${text.slice(2)}` : `-a ${text}`;
  const follows = value === 'file' ? ' -r -F' : value === 'text' ? ' -x' : '';
  return `complete -c session-sidecar -n ${quoted(condition)} ${what}${follows} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
