import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, FileRegistry, JsonValue } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import { connectRaw, RpcFailure } from '../support/raw-grpc';
import { buildGo } from '../support/toolchains';
import type { Toolchain } from '../support/toolchains';

/** A step as runners get it: tokens filled in, values as JSON texts. */
export interface Order {
  readonly actor: string;
  readonly op: string;
  readonly token?: string | undefined;
  readonly key?: string | undefined;
  readonly value?: string | undefined;
  readonly queue?: string | undefined;
  readonly unique?: boolean | undefined;
  readonly seconds?: number | undefined;
  readonly rpc?: string | undefined;
  readonly request?: string | undefined;
  /** For startLoad: how many sessions are used at the same time. */
  readonly workers?: number | undefined;
}

/** What load and stopLoad give. */
export interface LoadReport {
  readonly calls: number;
  /** How often a call failed with a code: `{ 'save UNAVAILABLE': 1 }`. */
  readonly failures: Readonly<Record<string, number>>;
  /** The first failures in words. */
  readonly messages: readonly string[];
  readonly longestMs: number;
}

export interface Outcome {
  readonly result?: unknown;
  readonly error?: Readonly<Record<string, unknown>>;
}

/** Carries out steps in one language. Each actor has a session of its own. */
export interface Runner {
  run(order: Order): Promise<Outcome>;
  close(): Promise<void>;
}

/** How long a call may take. Tests run on busy machines. */
const patienceSeconds = 20;

/** As in test/interop/python/modes.py. */
export const pythonModes = ['pipeline', 'unary', 'asyncio pipeline', 'asyncio unary'] as const;
export type PythonMode = (typeof pythonModes)[number];

export interface RunnerOptions {
  readonly timeoutSeconds?: number;
  readonly apiTokenFile?: string;
  /** How the Python client is used. Default: blocking, over a pipeline. */
  readonly mode?: PythonMode;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

export function startGo(toolchain: Toolchain, address: string, options: RunnerOptions = {}): Runner {
  return startChild(buildGo(toolchain, 'test/interop/go'), [], address, options, toolchain.env);
}

/** One HTTP/2 request for each call, in place of the stream that carries all of them. */
export function startGoUnary(toolchain: Toolchain, address: string, options: RunnerOptions = {}): Runner {
  return startGo(toolchain, address, { ...options, env: { ...options.env, TRANSPORT: 'unary' } });
}

export function startPython({ command, env }: Toolchain, address: string, options: RunnerOptions = {}): Runner {
  const { mode = 'pipeline' } = options;
  return startChild(command, [join(__dirname, 'python', 'runner.py'), mode], address, options, env);
}

/** With a cache that is large enough for everything. */
export function startGoWithCache(toolchain: Toolchain, address: string, options: RunnerOptions = {}): Runner {
  return startGo(toolchain, address, { ...options, env: { ...options.env, CACHE: String(1 << 24) } });
}

/** How to start a runner for each way to use the Go client. */
export function goStarters<T>(go: T) {
  return {
    go: { toolchain: go, start: startGo },
    'go over unary calls': { toolchain: go, start: startGoUnary },
    'go with a cache': { toolchain: go, start: startGoWithCache },
  };
}

/** The same for the Python client. */
export function pythonStarters<T>(python: T) {
  const entries = pythonModes.map((mode) => {
    const start: typeof startPython = (toolchain, address, options) =>
      startPython(toolchain, address, { ...options, mode });
    return [`python, ${mode}`, { toolchain: python, start }] as const;
  });
  return Object.fromEntries(entries);
}

function startChild(
  command: string,
  program: readonly string[],
  address: string,
  { timeoutSeconds = patienceSeconds, apiTokenFile, env: more }: RunnerOptions,
  env: NodeJS.ProcessEnv,
): Runner {
  const args = [address, String(timeoutSeconds), ...(apiTokenFile === undefined ? [] : [apiTokenFile])];
  const child = spawn(command, [...program, ...args], { env: { ...env, ...more }, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
  return {
    async run(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`The runner ended at ${JSON.stringify(order)}: ${complaints}`);
      return JSON.parse(value) as Outcome;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

type Session = ISession<Record<string, unknown>>;

/** What a TypeScript program is built with. */
export interface TypeScriptBuild {
  readonly Client: typeof SessionClient;
  /** The API as its generated stubs know it. */
  readonly api: FileRegistry;
}

export function startTypeScript(address: string, { Client, api }: TypeScriptBuild = currentBuild): Runner {
  const client = new Client<Record<string, unknown>>({ address, timeoutMs: patienceSeconds * 1000 });
  const raw = connectRaw(address);
  const sessions = new Map<string, Session>();

  const call = async ({ rpc = '', request = '' }: Order): Promise<unknown> => {
    const [input, output] = messagesOf(api, rpc);
    const bytes = await raw.send(rpc, toBinary(input, fromJson(input, JSON.parse(request) as JsonValue)));
    return toJson(output, fromBinary(output, bytes));
  };
  return {
    async run(order) {
      try {
        if (order.op === 'open') {
          sessions.set(order.actor, await client.open(order.token));
          return { result: null };
        }
        if (order.op === 'call') return { result: await call(order) };
        const operation = operations[order.op];
        if (operation === undefined) throw new Error(`There is no operation ${order.op}.`);
        return { result: (await operation(sessions.get(order.actor)!, order)) ?? null };
      } catch (error) {
        return { error: describeFailure(error) };
      }
    },
    close: () => {
      client.close();
      raw.close();
      return Promise.resolve();
    },
  };
}

const parse = (text = ''): never => JSON.parse(text) as never;
const texts = (messages: readonly unknown[]): string[] => messages.map((message) => JSON.stringify(message));

const operations: Readonly<Record<string, (session: Session, order: Order) => unknown>> = {
  get: (session, { key = '' }) => (session.has(key) ? JSON.stringify(session.get(key)) : null),
  pop: (session, { key = '' }) => (session.has(key) ? JSON.stringify(session.pop(key)) : null),
  has: (session, { key = '' }) => session.has(key),
  keys: (session) => [...session.keys()].sort(),
  set: (session, { key = '', value }) => session.set(key, parse(value)),
  setDefault: (session, { key = '', value }) => void session.setDefault(key, parse(value)),
  delete: (session, { key = '' }) => session.delete(key),
  clear: (session) => session.clear(),
  appendInside: (session, { key = '', value }) => void (session.get(key) as unknown[]).push(parse(value)),
  transformAppend: async (session, { key = '', value }) => {
    await session.transform(key, (list) => [...((list as unknown[] | undefined) ?? []), parse(value)] as never);
  },
  flash: (session, { value, queue, unique }) => session.flash(parse(value), { queue, allowDuplicate: !unique }),
  peekFlash: async (session, { queue }) => texts(await session.peekFlash(queue)),
  popFlash: async (session, { queue }) => texts(await session.popFlash(queue)),
  csrfToken: (session) => session.csrfToken(),
  newCsrfToken: (session) => session.newCsrfToken(),
  checkCsrfToken: (session, { token }) => session.checkCsrfToken(token),
  setIdleTimeout: (session, { seconds }) => session.setIdleTimeout(seconds === undefined ? 'never' : seconds * 1000),
  setSubject: (session, { value }) => session.setSubject(value || undefined),
  save: (session) => session.save(),
  regenerate: (session) => session.regenerate(),
  invalidate: (session) => session.invalidate(),
  describe: ({ origin, isNew, token = '', handle = '', version, subject = '', hasChanges, created, expires }) => ({
    ...{ origin, isNew, token, handle, version, subject, hasChanges },
    created: created?.getTime() ?? null,
    expires: expires?.getTime() ?? null,
  }),
};

function describeFailure(error: unknown): Readonly<Record<string, unknown>> {
  if (SessionError.is(error)) {
    const { code, metadata, violations, retryAfterMs = 0 } = error;
    const byField = Object.fromEntries(violations.map(({ field, description }) => [field, description]));
    return { code, status: error.status, metadata, violations: byField, retryAfterMs };
  }
  if (error instanceof RpcFailure) {
    const { reason, domain, metadata, violations } = error;
    return { grpc: status[error.status as keyof typeof status], reason, domain, metadata, violations };
  }
  throw error;
}

const currentBuild: TypeScriptBuild = {
  Client: SessionClient,
  api: createFileRegistry(
    create(FileDescriptorSetSchema, {
      file: fileDescriptors.map((file) => fromBinary(FileDescriptorProtoSchema, Buffer.from(file, 'base64'))),
    }),
  ),
};

function messagesOf(api: FileRegistry, rpc: string): readonly [input: DescMessage, output: DescMessage] {
  const method = api.getService('session.v1.SessionService')?.methods.find(({ name }) => name === rpc);
  if (method === undefined) throw new Error(`There is no RPC ${rpc}.`);
  return [method.input, method.output];
}
