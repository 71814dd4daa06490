import { Argument } from 'commander';
import type { CommandDefinition } from './command';
import { bashScript } from './completion/bash';
import { fishScript } from './completion/fish';
import { routesOf } from './completion/routes';
import type { Route } from './completion/routes';
import { zshScript } from './completion/zsh';

type Shell = 'bash' | 'zsh' | 'fish';

const scripts: Readonly<Record<Shell, (routes: readonly Route[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @param definitions of all commands; a function, because this one is among them */
export function completionOf(definitions: () => readonly CommandDefinition[]): CommandDefinition {
  return {
    name: 'completion',
    summary: 'Print a completion script for a shell.',
    description: ['The script knows all commands, options and settings of this version. It does not run the program.'],
    arguments: [new Argument('<shell>', 'the shell that runs it').choices(Object.keys(scripts))],
    options: [],
    examples: [
      { command: 'source <(session-sidecar completion bash)', purpose: 'in ~/.bashrc' },
      { command: 'session-sidecar completion zsh > ~/.zfunc/_session-sidecar', purpose: 'a folder in fpath of zsh' },
      {
        command: 'session-sidecar completion fish > ~/.config/fish/completions/session-sidecar.fish',
        purpose: 'fish loads it by its name',
      },
    ],
    exits: ['ok', 'usage'],
    run: ({ args, output }) => {
      output.line(scripts[args[0] as Shell](routesOf(definitions())).trimEnd());
      return Promise.resolve('ok');
    },
  };
}
