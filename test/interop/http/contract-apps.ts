import { join } from 'node:path';
import { gunicorn } from '../../support/gunicorn';
import type { Stack } from '../../support/stack';
import { buildGo, toolchains } from '../../support/toolchains';
import type { Found, Missing } from '../../support/toolchains';

const folder = join(__dirname, 'apps');
const { go, python } = toolchains();

/** What can differ because a framework forces it. docs/guide/web-sessions.md has a table of it. */
export interface Traits {
  /** The cookie's name over http. */
  readonly cookie: string;
  /** The cookie over https. */
  readonly secureCookie: RegExp;
  /** Whether each response that saves sets the cookie. Otherwise, only a new token does. */
  readonly renewsCookie: boolean;
  /** The number of calls for a request that has the cookie and does not use its session. */
  readonly callsWithoutUse: 0 | 1;
  /** The `Cache-Control` of a response that the application made public and that sets the cookie. */
  readonly publicResponse: string;
  /** The status of a request whose session ended before it was saved. */
  readonly interrupted: 409 | 400;
  /** What happens to a cookie that is not of a session. */
  readonly deadCookie: 'none' | 'delete';
  /** Whether what a request wrote is saved although it fails with status 500. */
  readonly savesFailures: boolean;
  /** Which of two cookies of the name is used. */
  readonly twoCookies: 'the valid one' | 'the last';
}

/** What the table in docs/guide/web-sessions.md calls each trait. */
export const traitNames: Readonly<Record<keyof Traits, string>> = {
  cookie: "the cookie's name",
  secureCookie: 'the cookie over https',
  renewsCookie: 'a response that saves',
  callsWithoutUse: 'a request that does not use its session',
  publicResponse: 'a response that the application made public and that sets the cookie',
  interrupted: 'a request whose session has ended before it is saved',
  deadCookie: 'a cookie that is not of a session',
  savesFailures: 'a request that fails with status 500',
  twoCookies: 'two cookies of the name',
};

export const usual: Traits = {
  cookie: 'session_sidecar',
  secureCookie: /^__Host-session_sidecar=[^;]+;.*; Secure/,
  renewsCookie: false,
  callsWithoutUse: 0,
  publicResponse: 'private, max-age=60',
  interrupted: 409,
  deadCookie: 'none',
  savesFailures: true,
  twoCookies: 'the valid one',
};

export interface ContractApp extends Traits {
  readonly name: string;
  /** What this machine does not have. */
  readonly missing?: string | undefined;
  start(stack: Stack, environment: Readonly<Record<string, string>>): Promise<string>;
}

function onNode(name: string, file: string, traits: Partial<Traits> = {}): ContractApp {
  const start: ContractApp['start'] = (stack, environment) =>
    stack.webServer(process.execPath, [join(folder, file)], {
      env: { ...process.env, NODE_ENV: 'production', ...environment },
    });
  return { ...usual, ...traits, name, start };
}

/** An application that needs what this machine may not have. */
function withToolchain(
  name: string,
  toolchain: Found | Missing,
  start: (toolchain: Found, ...args: Parameters<ContractApp['start']>) => Promise<string>,
  traits: Partial<Traits> = {},
): ContractApp {
  return {
    ...{ ...usual, ...traits, name, missing: toolchain.missing },
    start(stack, environment) {
      if (toolchain.missing !== undefined) throw new Error(`This machine does not have ${toolchain.missing}.`);
      return start(toolchain, stack, environment);
    },
  };
}

const onPython = (name: string, args: readonly string[], traits?: Partial<Traits>): ContractApp =>
  withToolchain(
    name,
    python,
    ({ command, env }, stack, environment) =>
      stack.webServer(command, args, { cwd: folder, env: { ...env, ...environment } }),
    traits,
  );

const onGo = (name: string, source: string): ContractApp =>
  withToolchain(name, go, (toolchain, stack, environment) =>
    stack.webServer(buildGo(toolchain, source), [], { env: { ...toolchain.env, ...environment } }),
  );

export const contractApps: readonly ContractApp[] = [
  // Its API has the session without waiting, so it is loaded before the application sees the request.
  onNode('Express', 'express.mjs', { callsWithoutUse: 1 }),
  onNode('Fastify', 'fastify.mjs'),
  onGo('net/http', 'test/interop/go/contract'),
  onPython('Flask', gunicorn('contract_flask:app', { threads: 16 })),
  onPython('FastAPI', ['-m', 'uvicorn', '--port', '0', 'contract_fastapi:app']),
  // The cookie keeps the name that it has in the libraries whose place this one takes.
  onPython('Pyramid', gunicorn('contract_pyramid:application', { threads: 16 }), {
    cookie: 'session',
    secureCookie: /^session=[^;]+;.*; Secure/,
  }),
  // Django's own middleware handles the cookie.
  onPython('Django', gunicorn('contract_django:application', { threads: 16 }), {
    cookie: 'sessionid',
    secureCookie: /^sessionid=[^;]+;(?!.*; Secure)/,
    renewsCookie: true,
    publicResponse: 'public, max-age=60',
    interrupted: 400,
    deadCookie: 'delete',
    savesFailures: false,
    twoCookies: 'the last',
  }),
];
