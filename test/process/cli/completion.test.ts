import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { definitions } from '../../../server/src/cli';
import { commandSummaries } from '../../../server/src/cli/command-names';
import { outcomeOf, outputOf } from '../../support/commands';
import { stackForAllTests } from '../../support/stack';
import { sayIfMissing } from '../../support/toolchains';
import { run } from './fixture';

const stack = stackForAllTests();
const shells = ['bash', 'zsh', 'fish'] as const;

/** What each shell is asked to print: the candidates for the last word, one per line. */
const programs: Readonly<Record<(typeof shells)[number], (script: string, words: readonly string[]) => string>> = {
  bash: (script, words) =>
    `source ${script}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; ` +
    '_session_sidecar 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"',
  // Instead of the line editor, which a script does not have.
  zsh: (script, words) =>
    `compdef() { : }; _files() { print -l FILES }; _describe() { local -a all=("\${(@P)2}"); print -l -- "\${(@)all%%:*}" }; ` +
    `source ${script}; words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _session-sidecar`,
  fish: (script, words) => `source ${script}; complete -C '${words.join(' ')}' | string split -f1 \\t; true`,
};

let directory: string;

beforeAll(() => {
  directory = stack.directory();
  for (const shell of shells) writeFileSync(join(directory, shell), run(['completion', shell]).stdout);
});

describe.each(shells)('%s', (shell) => {
  const isThere = outcomeOf(shell, ['-c', 'true']).status === 0;
  if (!isThere) sayIfMissing(`completion in ${shell}`, { missing: shell });
  const run = isThere ? test : test.skip;

  const complete = (...words: readonly string[]): string[] => {
    const program = programs[shell](join(directory, shell), ['session-sidecar', ...words]);
    const last = words.at(-1) ?? '';
    return outputOf(shell, [...(shell === 'bash' ? ['--norc'] : []), '-c', program])
      .split('\n')
      .filter((word) => word !== '' && word.startsWith(last))
      .sort();
  };

  run('completes commands', () => {
    const commands = complete('').filter((word) => !word.startsWith('-'));
    expect(commands).toEqual(Object.keys(commandSummaries).sort());
    expect(complete('doc')).toEqual(['doctor']);
    expect(complete('session', '').filter((word) => !word.startsWith('-'))).toEqual(['invalidate', 'show']);
    expect(complete('completion', '').filter((word) => !word.startsWith('-'))).toEqual(['bash', 'fish', 'zsh']);
    expect(complete('help', 'doc')).toEqual(['doctor']);
  });

  run.each(definitions.map(({ name, options, takesSettings = false }) => ({ name, options, takesSettings })))(
    'completes the options of $name',
    (definition) => {
      const { name, options, takesSettings } = definition;
      const found = complete(...name.split(' '), '--');
      expect(found).toEqual(expect.arrayContaining(['--help', ...options.map(({ long }) => long!)]));
      expect(found.includes('--idle-timeout')).toBe(takesSettings);
    },
  );

  run('completes settings, with and without serve', () => {
    for (const words of [['--idle-t'], ['serve', '--idle-t']]) expect(complete(...words)).toEqual(['--idle-timeout']);
    expect(complete('doctor', '--json', '--redis-d')).toEqual(['--redis-db']);
    expect(complete('serve', '--redis-passw')).toEqual([]);
  });

  run('offers no words where a value is expected', () => {
    expect(complete('load', '--duration', '').filter((word) => word.startsWith('--'))).toEqual([]);
  });
});
