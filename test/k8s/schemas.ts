import { join } from 'node:path';
import { outputOf } from '../support/commands';
import type { Manifest } from '../support/manifests';
import { compile } from '../types/compile';

/** By kind and name of the document; nothing when all of them are right. */
export type Problems = Readonly<Record<string, readonly string[]>>;

/** What is wrong with documents. */
export function problemsOf(documents: readonly Manifest[]): Problems {
  return problemsOfEach([documents])[0]!;
}

/**
 * The same for several lists of documents, which takes hardly longer than one. The schemas tell values that are not allowed;
 * that a field does not exist only TypeScript tells, from the types that come with them.
 */
export function problemsOfEach(lists: readonly (readonly Manifest[])[]): readonly Problems[] {
  const documents = lists.flatMap((list, index) => list.map((document) => ({ index, document })));
  const program = join(__dirname, '../support/validate-manifests.mjs');
  const input = JSON.stringify(documents.map(({ document }) => document));
  const bySchema = JSON.parse(outputOf(process.execPath, [program], { input })) as string[];
  const byType = compile(Object.fromEntries(documents.map(({ document }, n) => [String(n), asLiteral(document)])));
  const found = documents.map(({ index, document: { kind, metadata } }, n) => {
    const problems = [bySchema[n] ?? '', ...(byType.get(String(n)) ?? [])].filter((problem) => problem !== '');
    return { index, name: `${kind} ${metadata.name}`, problems };
  });
  return lists.map((_, list) =>
    Object.fromEntries(
      found
        .filter(({ index, problems }) => index === list && problems.length > 0)
        .map(({ name, problems }) => [name, problems]),
    ),
  );
}

/** An object literal may have no field that its type does not have. */
function asLiteral(document: Manifest): string {
  const { apiVersion, kind } = document;
  const packageName = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  return [
    `import type { I${kind} } from '${packageName}/${apiVersion}';`,
    `export const document: I${kind} = ${JSON.stringify(document)};`,
  ].join('\n');
}
