import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '../..');

/**
 * Compiles each snippet as a module of its own that has imported the client, with the settings of this repository.
 *
 * @returns by name, what the compiler says of it, with everything that explains an error on the same line.
 */
export function compile(snippets: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const configPath = join(root, 'tsconfig.json');
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configPath, ts.sys.readFile).config,
    ts.sys,
    dirname(configPath),
  );
  const names = Object.keys(snippets);
  const pathOf = (index: number): string => join(__dirname, `snippet-${index}.ts`);
  const sources = new Map(names.map((name, index) => [pathOf(index), `${prelude}\n${snippets[name] ?? ''}`]));

  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.readFile = (path) => sources.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const source = sources.get(path);
    return source === undefined
      ? getSourceFile(path, ...rest)
      : ts.createSourceFile(path, source, ...(rest.slice(0, 1) as [ts.ScriptTarget]));
  };

  // Snippets declare things only to see whether they may.
  const program = ts.createProgram(
    [...sources.keys()],
    { ...options, noUnusedLocals: false, noUnusedParameters: false },
    host,
  );
  return new Map(
    names.map((name, index) => {
      const file = program.getSourceFile(pathOf(index));
      const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [name, diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))];
    }),
  );
}

const prelude = `
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { Codec, ISession, Json, JsonValue, SessionClientOptions } from '@session-sidecar/client';

declare const address: string;
declare const codec: Codec;

interface Shop {
  user?: { id: number; name: string; nickname?: string };
  cart: string[];
  theme: 'light' | 'dark';
  visits: number;
}
declare const session: ISession<Shop>;
`;
