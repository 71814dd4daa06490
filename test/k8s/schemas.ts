import { join } from 'node:path';
import { outputOf } from '../support/commands';
import type { Manifest } from '../support/manifests';
import { compile } from '../types/compile';

/**
 * What is wrong with documents, by kind and name; nothing when they are right. The schemas tell values that are not allowed;
 * that a field does not exist only TypeScript tells, from the types that come with them.
 */
export function problemsOf(documents: readonly Manifest[]): Readonly<Record<string, readonly string[]>> {
  const program = join(__dirname, '../support/validate-manifests.mjs');
  const bySchema = JSON.parse(outputOf(process.execPath, [program], { input: JSON.stringify(documents) })) as string[];
  const names = documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const byType = compile(Object.fromEntries(documents.map((document, n) => [names[n], asLiteral(document)])));
  return Object.fromEntries(
    names.flatMap((name, n) => {
      const problems = [bySchema[n] ?? '', ...(byType.get(name) ?? [])].filter((problem) => problem !== '');
      return problems.length === 0 ? [] : [[name, problems]];
    }),
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
