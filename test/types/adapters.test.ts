import { beforeAll, describe, expect, test } from '@jest/globals';
import { compile } from './compile';

/* What must and must not compile with each adapter alike: for a type that is declared once, and for one that is given. */

interface Adapter {
  /** The last part of its import. */
  readonly module: string;
  readonly imports: string;
  /** What loads the session. */
  readonly load: string;
  /** Uses `session`, as the adapter has loaded it with this type argument. */
  readonly use: (type: string, statements: string) => string;
  readonly mount?: (type: string, options: string) => string;
}

const adapters: Readonly<Record<string, Adapter>> = {
  Express: {
    module: 'express',
    load: 'req.sessions.load()',
    imports: `import type { Request } from 'express'; declare const req: Request;`,
    use: (type, statements) => `async () => { const session = await req.sessions.load${type}(); ${statements} };`,
  },
  Fastify: {
    module: 'fastify',
    load: 'request.session()',
    imports: `import type { FastifyInstance, FastifyRequest } from 'fastify'; declare const app: FastifyInstance; declare const request: FastifyRequest;`,
    use: (type, statements) => `async () => { const session = await request.session${type}(); ${statements} };`,
    mount: (type, options) => `app.register(sessions${type}, ${options});`,
  },
  Koa: {
    module: 'koa',
    load: 'ctx.session()',
    imports: `import type { Context } from 'koa'; declare const ctx: Context;`,
    use: (type, statements) => `async () => { const session = await ctx.session${type}(); ${statements} };`,
  },
  Hono: {
    module: 'hono',
    load: 'c.var.session()',
    imports: `import type { Context } from 'hono'; declare const c: Context;`,
    use: (type, statements) => `async () => { const session = await c.var.session${type}(); ${statements} };`,
  },
  Fetch: {
    module: 'fetch',
    load: 'load()',
    imports: `import { csrf } from '@session-sidecar/client/fetch'; const check = csrf();`,
    use: (type, statements) =>
      `sessions${type}({ address })(async (load, request: Request) => { await check(request, load); const session = await load(); ${statements} return new Response(); });`,
  },
  'node:http': {
    module: 'node',
    load: 'load()',
    imports: `import { csrf } from '@session-sidecar/client/node'; const check = csrf();`,
    use: (type, statements) =>
      `sessions${type}({ address })(async (req, _res, load) => { await check(req, load); const session = await load(); ${statements} });`,
  },
};

interface Use {
  readonly type?: string;
  /** Statements with `session`, or the options of `sessions()`. `OTHER` is another adapter, `LOAD` what loads the session. */
  readonly statements?: string;
  readonly options?: string;
}

const right: Readonly<Record<string, Use>> = {
  'a declared key': {
    statements:
      'session.set("declared", 1); const n: number | undefined = session.get("declared"); const one: number = session.get("declared", 1);',
  },
  'a session of the declared type': {
    statements: 'const own: WebSession<SessionData> = session; const plain: ISession<SessionData> = session;',
  },
  'a key of the given type': { type: '<Shop>', statements: 'const cart: string[] | undefined = session.get("cart");' },
  'a session of the given type': { type: '<Shop>', statements: 'const plain: ISession<Shop> = session;' },
  'transform() to the declared type': {
    statements: 'const n: number = await session.transform("declared", (before = 0) => before + 1);',
  },
  'habits, flash messages and CSRF tokens': {
    statements:
      'session.save((error) => { if (error) throw error; }).touch(); session.flash("Saved"); const token: string = await csrfToken(session);',
  },
  'options without a type': {
    options: '{ address, cookie: { maxAge: 60, rolling: true }, remember: "declared", whenUnavailable: "read-only" }',
  },
  'options of the given type': {
    type: '<Shop>',
    options: '{ address, cookie: { maxAge: 60 }, remember: (session) => session.get("visits", 0) > 1 }',
  },
  'a client of the declared type': { options: '{ client: new SessionClient<SessionData>({ address }) }' },
  'a client of the given type': { type: '<Shop>', options: '{ client: new SessionClient<Shop>({ address }) }' },
  'a codec for what is not JSON': { type: '<{ when: Date }>', options: '{ address, codec }' },
};

const wrong: Readonly<Record<string, Use & { readonly says: RegExp }>> = {
  'a key that is not declared': { statements: 'session.get("undeclared");', says: /"undeclared"/ },
  'a key that another adapter declares': { statements: 'session.get("only_OTHER");', says: /"only_(koa|hono)"/ },
  'a declared key with another value': { statements: 'session.set("declared", "one");', says: /'string'/ },
  'a declared key as if it were there': {
    statements: 'const n: number = session.get("declared");',
    says: /'undefined'/,
  },
  'an assignment to a declared key': { statements: 'session.declared = 1;', says: /'declared' does not exist/ },
  'a key that the given type does not have': {
    type: '<Shop>',
    statements: 'session.get("declared");',
    says: /"declared"/,
  },
  'a type that is expected, but not given': {
    statements: 'const own: ISession<Shop> = await LOAD;',
    says: /not assignable to type 'ISession<Shop>'/,
  },
  'remember, by a key that there is not': {
    type: '<Shop>',
    options: '{ address, cookie: { maxAge: 60 }, remember: "basket" }',
    says: /basket/,
  },
  'a client of another type': {
    type: '<Shop>',
    options: '{ client: new SessionClient<{ other: string }>({ address }) }',
    says: /SessionClient<\{ other: string; }>/,
  },
  'a type that is not JSON, without a codec': {
    type: '<{ when: Date }>',
    options: '{ address }',
    says: /codec|RequiredCodec/,
  },
  'neither an address nor a client': { options: '{}', says: /'\{\}' is not assignable/ },
  'an unknown option': { options: '{ address, lifetime: 60 }', says: /lifetime/ },
};

function snippetOf({ module, load, imports, use, mount }: Adapter, { type = '', statements, options }: Use): string {
  const from = `from '@session-sidecar/client/${module}';`;
  const mounted = mount ?? ((type: string, options: string) => `sessions${type}(${options});`);
  return [
    `import { csrfToken, sessions } ${from}`,
    `import type { SessionData, WebSession } ${from}`,
    // All snippets are one program: a declaration must not reach the other adapters.
    `declare module '@session-sidecar/client/${module}' { interface SessionData { declared?: number; only_${module}?: string } }`,
    imports,
    options === undefined ? use(type, statements ?? '') : mounted(type, options),
  ]
    .join('\n')
    .replaceAll('OTHER', module === 'koa' ? 'hono' : 'koa')
    .replaceAll('LOAD', load);
}

let said: ReadonlyMap<string, readonly string[]>;

const uses = { ...right, ...wrong };
const nameOf = (adapter: string, use: string): string => `${adapter}: ${use}`;

beforeAll(() => {
  const snippets = Object.entries(adapters).flatMap(([name, adapter]) =>
    Object.entries(uses).map(([use, what]) => [nameOf(name, use), snippetOf(adapter, what)]),
  );
  said = compile(Object.fromEntries(snippets) as Record<string, string>);
});

describe.each(Object.keys(adapters))('%s', (adapter) => {
  test.each(Object.keys(right))('%s compiles', (use) => {
    expect(said.get(nameOf(adapter, use))).toEqual([]);
  });

  test.each(Object.entries(wrong))('%s does not compile', (use, { says }) => {
    expect((said.get(nameOf(adapter, use)) ?? []).join('\n')).toMatch(says);
  });
});
