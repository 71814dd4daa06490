import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { usageError } from '../cli-error';
import type { Invocation } from '../command';

/** More than any token has, in characters. */
const maxLength = 4096;

/**
 * The token that a command works on.
 *
 * @throws CliError, which does not contain it
 */
export async function readToken({ options, stdin, output, readFile }: Invocation): Promise<string> {
  const path = options['tokenFile'] as string | undefined;
  const text = path === undefined ? await fromInput(stdin, output) : fromFile(path, readFile);
  const token = text.trim();
  if (token === '') throw usageError('Expected a token on standard input or in the file of --token-file, got nothing.');
  if (/\s/.test(token)) throw usageError('Expected one token, got several words.');
  return token;
}

function fromFile(path: string, readFile: Invocation['readFile']): string {
  try {
    return readFile(path).toString();
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw usageError(`--token-file: Expected the path of a readable file (${code}).`);
  }
}

async function fromInput(stdin: Invocation['stdin'], output: Invocation['output']): Promise<string> {
  if (stdin.isTTY === true) return typed(stdin, output);
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > maxLength) throw usageError('Expected a token on standard input, got a longer text.');
  }
  return text;
}

/** One line that is typed or pasted, and not shown. */
function typed(stdin: Invocation['stdin'], output: Invocation['output']): Promise<string> {
  output.stderr.write('Token (not shown): ');
  const unseen = new Writable({ write: (_text, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: unseen, terminal: true });
  return new Promise((resolve) => {
    reader.once('line', (line) => {
      output.stderr.write('\n');
      resolve(line);
      reader.close();
    });
    reader.once('close', () => resolve(''));
  });
}
