import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, Converter, ReflectionKind } from 'typedoc';
import { root } from '../lib/run.mjs';

/** The pages of docs/reference/typescript, by name: what is imported, and its file in client/src. */
const pages = {
  client: { imported: '@session-sidecar/client', file: 'index' },
  express: { imported: '@session-sidecar/client/express', file: 'web/express' },
  'express-session': { imported: '@session-sidecar/client/express-session', file: 'express-session/index' },
  fastify: { imported: '@session-sidecar/client/fastify', file: 'web/fastify' },
  fetch: { imported: '@session-sidecar/client/fetch', file: 'web/fetch' },
  hono: { imported: '@session-sidecar/client/hono', file: 'web/hono' },
  koa: { imported: '@session-sidecar/client/koa', file: 'web/koa' },
  nest: { imported: '@session-sidecar/client/nest', file: 'web/nest' },
  next: { imported: '@session-sidecar/client/next', file: 'web/next' },
  node: { imported: '@session-sidecar/client/node', file: 'web/node' },
  testing: { imported: '@session-sidecar/client/testing', file: 'testing/index' },
};

/** What the comments in the client's sources say, by path. */
export async function typescriptReference() {
  const out = mkdtempSync(join(tmpdir(), 'session-sidecar-typedoc-'));
  try {
    const app = await Application.bootstrapWithPlugins({
      plugin: ['typedoc-plugin-markdown'],
      out,
      entryPoints: Object.values(pages).map(({ file }) => join(root, 'client', 'src', `${file}.ts`)),
      // Of the client alone: what tests and examples declare for their sessions is no part of it.
      tsconfig: join(root, 'scripts', 'generate', 'typescript-reference.tsconfig.json'),
      // npm run typecheck does it.
      skipErrorChecking: true,
      readme: 'none',
      disableSources: true,
      excludeExternals: true,
      excludeInternal: true,
      validation: { invalidLink: true, notExported: false },
      treatValidationWarningsAsErrors: true,
      logLevel: 'Warn',
      outputFileStrategy: 'modules',
      hideBreadcrumbs: true,
      hidePageHeader: true,
      useCodeBlocks: true,
      useHTMLAnchors: false,
      expandObjects: true,
      interfacePropertiesFormat: 'table',
      parametersFormat: 'table',
      typeAliasPropertiesFormat: 'table',
      propertyMembersFormat: 'table',
    });
    // After TypeDoc has found out what is inherited, and before it groups what there is.
    app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => removeInherited(project), -1);
    const project = await app.convert();
    // TypeDoc names modules after their files, or after the folder of an index, and pages after modules.
    for (const [name, { file }] of Object.entries(pages))
      project.children.find((module) => module.name === file.replace('/index', '')).name = name;
    app.validate(project);
    await app.generateOutputs(project);
    if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('TypeDoc has found mistakes, see above.');
    return Object.entries(pages).map(([name, { imported }]) => {
      const text = readFileSync(join(out, `${name}.md`), 'utf8');
      return [join('docs', 'reference', 'typescript', `${name}.md`), withTitle(text, imported)];
    });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Removes the members that a type inherits from one of the reference, to which the type links. */
function removeInherited(project) {
  for (const type of project.getReflectionsByKind(ReflectionKind.ClassOrInterface)) {
    const inherited = type.children?.filter(({ inheritedFrom }) => inheritedFrom?.reflection !== undefined) ?? [];
    for (const member of inherited) project.removeReflection(member);
  }
}

function withTitle(text, title) {
  const notice = '<!-- Printed from the code by `npm run generate`. Do not edit. -->';
  return text.replace(/^# .*\n/, `# ${title}\n\n${notice}\n`);
}
