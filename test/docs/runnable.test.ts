import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { execute } from '../support/commands';
import { programsOf, root } from './markdown';
import { stackForAllTests } from '../support/stack';

/** Documents whose `ts` blocks are programs. */
const documents = [
  'README.md',
  ...[
    ...['typescript', 'express', 'fastify', 'koa', 'hono', 'node-http', 'fetch', 'web-sessions', 'client-cache'],
    ...['nestjs', 'trpc', 'websockets', 'your-sessions', 'concurrent-requests', 'events'],
  ].map((name) => `docs/guide/${name}.md`),
];

const programs = documents.flatMap((document) => programsOf(document).map((program) => ({ ...program, document })));

/** What is compiled together: a document that declares something for all modules alone, because types of the others must not depend on it. */
const declaring = documents.filter((of) =>
  programs.some(({ document, text }) => document === of && /^declare (module|global)/m.test(text)),
);
const groups = [
  documents.filter((document) => !declaring.includes(document)),
  ...declaring.map((document) => [document]),
];

const nameOf = (index: number): string => `program-${index}`;

const stack = stackForAllTests();
let directory: string;
let mistakes: readonly string[];

beforeAll(async () => {
  const { address } = await stack.sidecar();
  // Below the checkout, so that programs find the packages as an application would.
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  directory = stack.directory(cache);
  const compile = compiler();
  mistakes = groups.flatMap((group) => {
    const files = programs.flatMap(({ document, text }, index) => {
      if (!group.includes(document)) return [];
      const file = join(directory, `${nameOf(index)}.mts`);
      writeFileSync(file, text.replaceAll('localhost:50051', address));
      return [file];
    });
    return compile(files).map((mistake) => `${group.join()}: ${mistake}`);
  });
});

/** Compiles files to JavaScript beside them, without what other calls have declared. Parses what they import once. */
function compiler(): (files: readonly string[]) => readonly string[] {
  const options = {
    // NestJS has decorators of parameters.
    ...{ strict: true, skipLibCheck: true, types: ['node'], experimentalDecorators: true },
    ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023 },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  const parsed = new Map<string, ts.SourceFile | undefined>();
  host.getSourceFile = (path, ...rest) => {
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...rest));
    return parsed.get(path);
  };
  return (files) => {
    const program = ts.createProgram(files, options, host);
    program.emit();
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  };
}

test.each(documents)('%s has a program', (document) => {
  expect(programs.filter((program) => program.document === document).length).toBeGreaterThan(0);
});

test('all programs compile in strict mode', () => {
  expect(mistakes).toEqual([]);
});

describe.each(programs.map((program, index) => ({ ...program, name: nameOf(index) })))(
  '$document',
  ({ name, output }) => {
    test('its program prints what the document says', async () => {
      const { stdout } = await execute(process.execPath, [join(directory, `${name}.mjs`)]);
      expect(stdout).toBe(output);
    });
  },
);
