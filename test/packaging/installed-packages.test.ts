import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import { blocksOf } from '../docs/markdown';
import { manifestOf, pack, root } from './packages';
import type { Manifest } from './packages';
import { outcomeOf, outputOf } from '../support/commands';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

/*
 * The packages as their users have them: packed by `npm run release:pack`, and installed with the lines that the documents and the
 * command itself give, in folders that are empty otherwise. npm takes other packages from its cache where it has them, as it does
 * after `npm ci`.
 */
const client = manifestOf('client');
/** `@session-sidecar/client` and everything below it that can be imported. */
const entryPoints = Object.keys(client.exports ?? {}).map((path) => path.replace('.', client.name));

/** The lines of a document that install from `release/` of a clone next to the application. */
const installLinesOf = (document: string): readonly string[] =>
  blocksOf(document)
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.startsWith('npm install ') && line.includes('/release/'));

/** Has the clone, or as much of it as installing needs, the application and the folder that npm installs commands in. */
let directory: string;
let app: string;
let sidecar: string;
let address: string;
let printed: string;

beforeAll(async () => {
  directory = stack.directory();
  ({ printed } = pack(join(directory, 'session-sidecar/release')));
  sidecar = join(directory, 'commands');
  app = join(directory, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true }));
  for (const line of installLinesOf('docs/guide/install.md')) install(line);
  // What an application in TypeScript that uses Express brings itself.
  const { devDependencies = {} } = manifestOf('.');
  const own = ['@types/express', '@types/node', 'express'].map((name) => `${name}@${devDependencies[name] ?? ''}`);
  install(`npm install ${own.join(' ')}`);
  ({ address } = await stack.process({
    program: join(sidecar, 'lib/node_modules/@session-sidecar/server/dist/main.js'),
  }));
});

/** Runs a line of a document in the application's folder. */
function install(line: string): void {
  const options = {
    prefix: sidecar,
    'prefer-offline': 'true',
    'ignore-scripts': 'true',
    audit: 'false',
    fund: 'false',
  };
  const env = Object.entries(options).map(([name, value]) => [`npm_config_${name.replaceAll('-', '_')}`, value]);
  outputOf('sh', ['-c', line], { cwd: app, env: { ...process.env, ...Object.fromEntries(env) } });
}

/** Runs a file of the application and gives what it printed; what it wrote to stderr makes the test fail. */
function run(file: string, source?: string, path = ''): string {
  if (source !== undefined) writeFileSync(join(app, file), source);
  const { stdout, stderr } = outcomeOf(process.execPath, [file], {
    cwd: app,
    env: { PATH: `${path}:${process.env['PATH'] ?? ''}` },
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

/** Compiles files of the application beside themselves, and gives the errors of tsc. */
function typeErrors(
  files: Readonly<Record<string, string>>,
  compilerOptions: Readonly<Record<string, unknown>>,
): readonly string[] {
  for (const [file, source] of Object.entries(files)) writeFileSync(join(app, file), source);
  const common = { strict: true, target: 'es2022', lib: ['es2023'], types: ['node'] };
  const tsconfig = { compilerOptions: { ...common, ...compilerOptions }, files: Object.keys(files) };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(tsconfig));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = outcomeOf(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: app });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('the ways to install', () => {
  test('are the same in the README as in the guide', () => {
    const [line, ...more] = installLinesOf('README.md');
    expect(more).toEqual([]);
    expect(installLinesOf('docs/guide/install.md')).toContain(line);
  });

  test('are those that npm run release:pack prints', () => {
    const lines = printed.split('\n').flatMap((line) => /^ {2}(npm install .+)$/.exec(line)?.[1] ?? []);
    const release = join(directory, 'session-sidecar/release');
    const expanded = installLinesOf('docs/guide/install.md').map((line) =>
      line.replaceAll('../session-sidecar/release', release).replaceAll('-*.tgz', `-${client.version}.tgz`),
    );
    expect(lines).toEqual(expanded);
  });
});

describe('@session-sidecar/server, installed', () => {
  test('comes alone', () => {
    const installed = readdirSync(join(sidecar, 'lib/node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed).toEqual(['@session-sidecar']);
    expect(readdirSync(join(sidecar, 'lib/node_modules/@session-sidecar'))).toEqual(['server']);
  });

  test('is a command', () => {
    const { version } = manifestOf('server');
    expect(outputOf(join(sidecar, 'bin/session-sidecar'), ['--version'])).toBe(`session-sidecar ${version}\n`);
  });
});

/** Right but for its last line, on which tsc has to find the mistake. */
const withMistake = `
  import { SessionClient, SessionError } from '@session-sidecar/client';
  import type { ISession, SessionClientOptions } from '@session-sidecar/client';
  import * as express from '@session-sidecar/client/express';
  import { startSidecar } from '@session-sidecar/client/testing';
  import type { Sidecar } from '@session-sidecar/client/testing';

  interface Shop { user?: { id: number }; cart: string[] }
  const options: SessionClientOptions<Shop> = { address: 'localhost:50051' };
  export async function use(token: string | undefined): Promise<number | undefined> {
    const session: ISession<Shop> = await new SessionClient<Shop>(options).open(token);
    session.get('cart')?.push('tea');
    try { await session.save({ timeoutMs: 50 }); } catch (error) { if (SessionError.is(error)) return error.status; }
    return session.get('user')?.id;
  }
  export const all = Object.keys(express);
  export const start = (): Promise<Sidecar> => startSidecar({ settings: { IDLE_TIMEOUT: '1h' } });
  // @ts-expect-error JSON cannot hold a Date
  new SessionClient<{ when: Date }>({ address: 'localhost:50051' });
  // @ts-expect-error there is no such key
  export const wrong = (session: ISession<Shop>) => session.get('basket');
  export const mistake: number = express.sessions(options);
`;

describe('@session-sidecar/client, installed', () => {
  const [example, output] = blocksOf('client/README.md').slice(1);
  const program = () => example!.text.replace('localhost:50051', address);
  const expected = output!.text.trim();

  const useSession = () => `
    (async () => {
      const sessions = new SessionClient({ address: '${address}' });
      const session = await sessions.open(undefined);
      session.set('user', { id: 7 });
      await session.save();
      const again = await sessions.open(session.token);
      console.log(JSON.stringify([again.get('user'), again.origin]));
      sessions.close();
    })();
  `;

  test('works when it is required', () => {
    const source = `const { SessionClient } = require('@session-sidecar/client');${useSession()}`;
    expect(run('main.cjs', source)).toBe('[{"id":7},"found"]');
  });

  test('works when it is imported', () => {
    const source = `import { SessionClient } from '@session-sidecar/client';${useSession()}`;
    expect(run('main.mjs', source)).toBe('[{"id":7},"found"]');
  });

  test.each([
    ['node16', ['cts', 'mts'], { module: 'node16' }],
    ['nodenext', ['cts', 'mts'], { module: 'nodenext' }],
    ['node10', ['ts'], { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
  ])('works in TypeScript with moduleResolution %s', (resolution, kinds, options) => {
    const use = kinds.map((kind) => [`${resolution}-${kind}.${kind}`, program()]);
    const wrong = kinds.map((kind) => [`${resolution}-wrong.${kind}`, withMistake]);
    const errors = typeErrors(Object.fromEntries([...use, ...wrong]), { ...options, skipLibCheck: true });
    expect([...errors].sort()).toEqual(wrong.map(([file]) => expect.stringContaining(`${file}(`)));
    const outputs = kinds.map((kind) => run(`${resolution}-${kind}.${kind.replace('ts', 'js')}`));
    expect(new Set(outputs)).toEqual(new Set([expected]));
  });

  test('works in TypeScript with moduleResolution bundler, bundled, and its types are right with every check there is', () => {
    const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    const bundler = { module: 'esnext', moduleResolution: 'bundler', noEmit: true, ...strictest };
    const errors = typeErrors({ 'bundler.ts': program(), 'bundler-wrong.ts': withMistake }, bundler);
    expect(errors).toEqual([expect.stringContaining('bundler-wrong.ts(')]);
    buildSync({
      absWorkingDir: app,
      entryPoints: ['bundler.ts'],
      outfile: join(app, 'bundled.cjs'),
      bundle: true,
      platform: 'node',
    });
    expect(run('bundled.cjs')).toBe(expected);
  });

  test('gives the same names when it is required and when it is imported, at each entry point', () => {
    const namesOf = `console.log(JSON.stringify(${JSON.stringify(entryPoints)}.map((path) => Object.keys(require(path)))));`;
    const names = JSON.parse(run('required.cjs', namesOf)) as readonly string[][];
    expect(names).not.toContainEqual([]);
    const imports = entryPoints.map((path, at) => `import * as module${at} from '${path}';`);
    const missing = names.map((each, at) => `${JSON.stringify(each)}.filter((name) => !module${at}[name])`);
    expect(run('imported.mjs', `${imports.join('\n')} console.log(String([${missing.join(', ')}].flat()));`)).toBe('');
  });

  test('starts the sidecar that is installed as a command, for tests', () => {
    const source = `
      import { SessionClient } from '@session-sidecar/client';
      import { startSidecar } from '@session-sidecar/client/testing';
      const sidecar = await startSidecar();
      const sessions = new SessionClient({ address: sidecar.address });
      const session = sessions.create();
      session.set('user', { id: 7 });
      await session.save();
      await sidecar.advance(3_600_000);
      console.log((await sessions.open(session.token)).origin);
      sessions.close();
      await sidecar.stop();`;
    expect(run('testing.mjs', source, join(sidecar, 'bin'))).toBe('not_found');
  });

  test('is one copy, however it is loaded, so that its errors are recognised', () => {
    const source = `
      import { createRequire } from 'node:module';
      import { SessionClient } from '@session-sidecar/client';
      console.log(createRequire(import.meta.url)('@session-sidecar/client').SessionClient === SessionClient);`;
    expect(run('both.mjs', source)).toBe('true');
  });

  test('keeps its internals to itself', () => {
    const source = `try { require('@session-sidecar/client/dist/session-client.js'); } catch (error) { console.log(error.code); }`;
    expect(run('internals.cjs', source)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('brings neither ioredis nor prom-client, nor anything of the server, nor Express', () => {
    const tree = dependencyTree(client.name);
    expect(tree).toContain('@grpc/grpc-js');
    for (const name of ['ioredis', 'prom-client', 'pino', '@session-sidecar/server', 'express'])
      expect(tree).not.toContain(name);
  });
});

describe('@session-sidecar/proto, installed', () => {
  test('has messages, service and descriptors for both kinds of modules, and the .proto files', () => {
    const source = `
      import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
      import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
      import { fileDescriptors } from '@session-sidecar/proto/descriptors';
      console.log(SessionServiceDefinition.fullName, typeof ErrorInfo.decode, fileDescriptors.length > 0);`;
    expect(run('proto.mjs', source)).toBe('session.v1.SessionService function true');
    const protoFiles = readdirSync(join(app, 'node_modules/@session-sidecar/proto/session/v1'));
    expect(protoFiles.sort()).toEqual([
      'error_reason.proto',
      'pipeline.proto',
      'session.proto',
      'session_events.proto',
      'session_service.proto',
    ]);
    const admin = `
      import { AdminServiceDefinition } from '@session-sidecar/proto/session/admin/v1/admin_service';
      console.log(AdminServiceDefinition.fullName);`;
    expect(run('admin.mjs', admin)).toBe('session.admin.v1.AdminService');
    const adminFiles = readdirSync(join(app, 'node_modules/@session-sidecar/proto/session/admin/v1'));
    expect(adminFiles).toEqual(['admin_service.proto']);
  });

  test('works as its README says', () => {
    const [example] = blocksOf('proto/README.md');
    const source = example!.text.replace('localhost:50051', address);
    expect(typeErrors({ 'calls.mts': source }, { module: 'nodenext', skipLibCheck: true })).toEqual([]);
    expect(run('calls.mjs')).toBe('undefined 1');
  });
});

/** The names of all packages that an application gets with this one. */
function dependencyTree(name: string): readonly string[] {
  const seen = new Map<string, string>();
  const visit = (folder: string): void => {
    const { name: own, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    if (seen.has(folder)) return;
    seen.set(folder, own);
    const paths = createRequire(join(folder, 'package.json')).resolve.paths('x') ?? [];
    for (const dependency of Object.keys(dependencies)) {
      const found = paths.map((path) => join(path, dependency)).find((path) => existsSync(join(path, 'package.json')));
      if (found === undefined) throw new Error(`${own} declares ${dependency}, which is not installed.`);
      visit(realpathSync(found));
    }
  };
  visit(join(app, 'node_modules', name));
  return [...seen.values()];
}
