import { create, createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, FileRegistry, JsonValue } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import { connectRaw, RpcFailure } from '../support/raw-grpc';
import { defaultTimeoutSeconds } from './runner';
import type { Order, Runner } from './runner';

type Session = ISession<Record<string, unknown>>;

/** The client library that a TypeScript program was built with. */
export interface TypeScriptBuild {
  readonly Client: typeof SessionClient;
  /** The API that its generated stubs describe. */
  readonly api: FileRegistry;
}

/** A runner in this process, with the typed client and, for the operation `call`, a plain gRPC client. */
export function connectTypeScript(
  address: string,
  { Client, api }: TypeScriptBuild = currentBuild,
): Runner & { close(): void } {
  const client = new Client<Record<string, unknown>>({ address, timeoutMs: defaultTimeoutSeconds * 1000 });
  const raw = connectRaw(address);
  const sessions = new Map<string, Session>();

  const call = async ({ rpc = '', request = '' }: Order): Promise<unknown> => {
    const [input, output] = messagesOf(api, rpc);
    const bytes = await raw.send(rpc, toBinary(input, fromJson(input, JSON.parse(request) as JsonValue)));
    return toJson(output, fromBinary(output, bytes));
  };
  /** `lockTooLong` sets the key only after another holder has been let in. `seconds` is how long to wait for the lease. */
  const lock = ({ token = '' }: Session, { op, key = '', value, seconds = 20 }: Order): Promise<void> => {
    const isTooLong = op === 'lockTooLong';
    const work = async (session: Session): Promise<void> => {
      if (isTooLong) await client.withLock(token, () => undefined, { wait: 20_000 });
      session.set(key, parse(value));
    };
    return client.withLock(token, work, { wait: seconds * 1000, lease: isTooLong ? 100 : undefined });
  };
  return {
    async run(order) {
      try {
        if (order.op === 'open') {
          sessions.set(order.actor, await client.open(order.token));
          return { result: null };
        }
        if (order.op === 'openById') {
          sessions.set(order.actor, await client.openById(order.id ?? ''));
          return { result: null };
        }
        if (order.op === 'createWithId') {
          sessions.set(order.actor, client.create({ id: order.id }));
          return { result: null };
        }
        if (order.op === 'lockAndSet' || order.op === 'lockTooLong') {
          await lock(sessions.get(order.actor)!, order);
          return { result: null };
        }
        if (order.op === 'call') return { result: await call(order) };
        const subjectOperation = subjectOperations[order.op];
        if (subjectOperation !== undefined) {
          const subject = client.forSubject(order.id ?? '');
          return { result: await subjectOperation(subject, sessions.get(order.actor)!, order) };
        }
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
  order: (session) => [...session.keys()],
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
  popFlashAndSave: async (session, { queue }) => {
    const [messages] = await Promise.all([session.popFlash(queue), session.save()]);
    return texts(messages);
  },
  csrfToken: (session) => session.csrfToken(),
  newCsrfToken: (session) => session.newCsrfToken(),
  checkCsrfToken: (session, { token }) => session.checkCsrfToken(token),
  setIdleTimeout: (session, { seconds }) => session.setIdleTimeout(seconds === undefined ? 'never' : seconds * 1000),
  setSubject: (session, { value }) => session.setSubject(value || undefined),
  setLabel: (session, { value }) => session.setLabel(value || undefined),
  belongTo: (session, { id }) => session.setSubject(id),
  save: (session) => session.save(),
  saveUnlessChanged: (session) => session.save({ onConflict: 'fail' }),
  regenerate: (session) => session.regenerate(),
  regenerateWithGrace: (session, { seconds = 0 }) => session.regenerate({ grace: seconds * 1000 }),
  regenerateOrCreate: (session) => session.regenerate({ orCreate: true }),
  invalidate: (session) => session.invalidate(),
  describe: ({ origin, isNew, token = '', handle = '', version, subject = '', label = '', hasChanges, ...times }) => ({
    ...{ origin, isNew, token, handle, version, subject, label, hasChanges },
    created: times.created?.getTime() ?? null,
    expires: times.expires?.getTime() ?? null,
  }),
};

type Subject = ReturnType<SessionClient<Record<string, unknown>>['forSubject']>;

const subjectOperations: Readonly<
  Record<string, (subject: Subject, session: Session, order: Order) => Promise<unknown>>
> = {
  devices: async (subject, current) => {
    const devices: unknown[] = [];
    for await (const { label = '', isCurrent, version, data } of subject.list({
      current,
      includeData: true,
      pageSize: 2,
    })) {
      devices.push({ label, isCurrent, version, keys: Object.keys(data ?? {}).sort() });
    }
    return devices.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  },
  endOne: async (subject, _session, { value }) => {
    const { sessions } = await subject.page();
    return subject.invalidate(sessions.find(({ label }) => label === value)?.handle ?? '');
  },
  endOthers: (subject, session) => subject.invalidateAll({ exceptCurrent: session }),
  endAll: (subject) => subject.invalidateAll(),
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
