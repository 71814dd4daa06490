import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startServing, stopProcesses } from '../support/process';

/*
 * The packages as they are published, installed in an application elsewhere: packed by npm, unpacked there, with nothing beside
 * them but what they declare as dependencies.
 */
const root = resolve(__dirname, '../..');

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

const client = JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8')) as Manifest;
const proto = JSON.parse(readFileSync(join(root, 'proto/package.json'), 'utf8')) as Manifest;
/** `@session-sidecar/client` and everything below it that has an entry of its own. */
const entryPoints = Object.keys(client.exports).map((path) => path.replace('.', client.name));

let app: string;

beforeAll(() => {
  for (const name of ['client', 'proto']) {
    if (!existsSync(join(root, name, 'dist')))
      throw new Error(`${name}/dist is not there. Make it with: npm run build`);
  }
  app = mkdtempSync(join(tmpdir(), 'session-sidecar-packages-'));
  const args = ['pack', '--offline', '--ignore-scripts', '--silent', '--pack-destination', app];
  execFileSync('npm', [...args, '--workspace', 'proto', '--workspace', 'client'], { cwd: root });
  for (const { name, dependencies = {} } of [proto, client]) {
    const tarball = readdirSync(app).find((file) => file.startsWith(name.slice(1).replace('/', '-')));
    const unpacked = mkdtempSync(join(app, 'unpacked-'));
    execFileSync('tar', ['-xzf', join(app, tarball ?? ''), '-C', unpacked]);
    const target = join(app, 'node_modules', name);
    cpSync(join(unpacked, 'package'), target, { recursive: true });
    for (const dependency of Object.keys(dependencies).filter((one) => one !== proto.name)) link(dependency);
  }
  // What an application in TypeScript that uses Express brings itself.
  for (const own of ['@types/node', '@types/express', 'express', 'typescript']) link(own);
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }');
}, 120_000);

afterEach(stopProcesses);

afterAll(() => {
  rmSync(app, { recursive: true, force: true });
});

function link(name: string): void {
  const path = join(app, 'node_modules', name);
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), path);
}

/** Runs a file of the application and gives what it printed; what it wrote to stderr makes the test fail. */
function run(file: string, source: string, ...args: string[]): string {
  writeFileSync(join(app, file), source);
  const { stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd: app,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

/** The errors of tsc for files of the application. */
function typeErrors(
  files: Readonly<Record<string, string>>,
  compilerOptions: Readonly<Record<string, unknown>>,
): readonly string[] {
  for (const [file, source] of Object.entries(files)) writeFileSync(join(app, file), source);
  const common = { strict: true, noEmit: true, target: 'es2022', lib: ['es2023'], types: ['node'], skipLibCheck: true };
  const tsconfig = { compilerOptions: { ...common, ...compilerOptions }, files: Object.keys(files) };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(tsconfig));
  const tsc = 'node_modules/typescript/bin/tsc';
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: app, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

const useSession = `
  const [address] = process.argv.slice(2);
  (async () => {
    const sessions = new SessionClient({ address });
    const session = await sessions.open(undefined);
    session.set('user', { id: 7 });
    await session.save();
    const again = await sessions.open(session.token);
    console.log(JSON.stringify([again.get('user'), again.origin]));
    sessions.close();
  })();
`;

describe('@session-sidecar/client, as published', () => {
  test('works when it is required', async () => {
    const { address } = await startServing();
    const source = `const { SessionClient } = require('@session-sidecar/client');${useSession}`;
    expect(run('main.cjs', source, address)).toBe('[{"id":7},"found"]');
  });

  test('works when it is imported', async () => {
    const { address } = await startServing();
    const source = `import { SessionClient } from '@session-sidecar/client';${useSession}`;
    expect(run('main.mjs', source, address)).toBe('[{"id":7},"found"]');
  });

  test.each(entryPoints)('%s gives the same names when it is required and when it is imported', (entryPoint) => {
    const required = run('required.cjs', `console.log(Object.keys(require('${entryPoint}')).sort().join());`);
    const names = required.split(',');
    expect(names).not.toEqual(['']);
    const source = `import { ${names.join(', ')} } from '${entryPoint}'; console.log([${names.join(', ')}].every((value) => value !== undefined));`;
    expect(run('imported.mjs', source)).toBe('true');
  });

  test('is one copy, however it is loaded, so that its errors are recognised', () => {
    const source = `
      import { createRequire } from 'node:module';
      import { SessionClient } from '@session-sidecar/client';
      console.log(createRequire(import.meta.url)('@session-sidecar/client').SessionClient === SessionClient);`;
    expect(run('both.mjs', source)).toBe('true');
  });

  test('lets nobody load its internals', () => {
    const source = `try { require('@session-sidecar/client/dist/session-object.js'); } catch (error) { console.log(error.code); }`;
    expect(run('internals.cjs', source)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('holds what it exports, and neither sources nor tests', () => {
    const installed = join(app, 'node_modules', client.name);
    for (const { types, default: code } of Object.values(client.exports)) {
      expect([types, code].filter((file) => !existsSync(join(installed, file)))).toEqual([]);
    }
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((file) => file.includes('test'))).toEqual([]);
  });

  test('brings neither ioredis nor prom-client, nor anything of the server', () => {
    const tree = dependencyTree(client.name);
    expect(tree).toContain('@grpc/grpc-js');
    for (const name of ['ioredis', 'prom-client', 'pino', '@session-sidecar/server', 'express'])
      expect(tree).not.toContain(name);
  });
});

describe('the types of @session-sidecar/client, as published', () => {
  const source = `
    import { SessionClient, SessionError } from '@session-sidecar/client';
    import type { ISession, SessionClientOptions } from '@session-sidecar/client';
    import * as express from '@session-sidecar/client/express';

    interface Shop { user?: { id: number }; cart: string[] }
    const options: SessionClientOptions<Shop> = { address: 'localhost:50051' };
    export async function use(token: string | undefined): Promise<number | undefined> {
      const session: ISession<Shop> = await new SessionClient<Shop>(options).open(token);
      session.get('cart')?.push('tea');
      try { await session.save({ timeoutMs: 50 }); } catch (error) { if (SessionError.is(error)) return error.status; }
      return session.get('user')?.id;
    }
    export const all = Object.keys(express);
    // @ts-expect-error JSON cannot hold a Date
    new SessionClient<{ when: Date }>({ address: 'localhost:50051' });
    // @ts-expect-error there is no such key
    export const wrong = (session: ISession<Shop>) => session.get('basket');
  `;

  test('serve ES and CommonJS modules of Node.js, and find mistakes there', () => {
    const mistake = `${source}\nexport const mistake: number = all;`;
    const errors = typeErrors(
      { 'use.mts': source, 'use.cts': source, 'wrong.mts': mistake, 'wrong.cts': mistake },
      { module: 'nodenext' },
    );
    expect([...errors].sort()).toEqual([
      expect.stringMatching(/^wrong\.cts.*TS2322/),
      expect.stringMatching(/^wrong\.mts.*TS2322/),
    ]);
  }, 120_000);

  test('serve CommonJS modules by the older rules', () => {
    expect(typeErrors({ 'use.ts': source }, { module: 'commonjs' })).toEqual([]);
  }, 120_000);

  test('serve bundlers, and are right themselves, with every check there is', () => {
    const strictest = { skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    expect(typeErrors({ 'use.ts': source }, { module: 'esnext', moduleResolution: 'bundler', ...strictest })).toEqual(
      [],
    );
  }, 120_000);
});

describe('@session-sidecar/proto, as published', () => {
  test('has messages, service and descriptors for both kinds of modules, and the .proto files', () => {
    const source = `
      import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
      import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
      import { fileDescriptors } from '@session-sidecar/proto/descriptors';
      console.log(SessionServiceDefinition.fullName, typeof ErrorInfo.decode, fileDescriptors.length > 0);`;
    expect(run('proto.mjs', source)).toBe('session.v1.SessionService function true');
    const protoFiles = readdirSync(join(app, 'node_modules', proto.name, 'session/v1'));
    expect(protoFiles.sort()).toEqual([
      'error_reason.proto',
      'pipeline.proto',
      'session.proto',
      'session_service.proto',
    ]);
  });
});

/** The names of all packages that an application gets with this one. */
function dependencyTree(name: string): readonly string[] {
  const seen = new Map<string, string>();
  const visit = (directory: string): void => {
    const { name: own, dependencies = {} } = JSON.parse(
      readFileSync(join(directory, 'package.json'), 'utf8'),
    ) as Manifest;
    if (seen.has(directory)) return;
    seen.set(directory, own);
    const paths = createRequire(join(directory, 'package.json')).resolve.paths('x') ?? [];
    for (const dependency of Object.keys(dependencies)) {
      const found = paths.map((path) => join(path, dependency)).find((path) => existsSync(join(path, 'package.json')));
      if (found === undefined) throw new Error(`${own} declares ${dependency}, which is not installed.`);
      visit(realpathSync(found));
    }
  };
  visit(join(app, 'node_modules', name));
  return [...seen.values()];
}
