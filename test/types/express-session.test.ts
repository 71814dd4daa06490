import { beforeAll, expect, test } from '@jest/globals';
import { compile } from './compile';

/* That `SidecarStore` is what the types of express-session and `@fastify/session` ask for. */

const store = `
import { SidecarStore, connectRedisSessions } from '@session-sidecar/client/express-session';
const client = new SessionClient({ address });
const store = new SidecarStore({ client });
`;

/** What `@types/express-session` says of stores. It cannot be installed here: it declares `session` of requests, as our adapter does. */
const expressSession = `
import { EventEmitter } from 'node:events';
interface Cookie { originalMaxAge: number | null; maxAge?: number; expires?: Date | null }
interface SessionData { cookie: Cookie; user?: string }
declare class Session { id: string; cookie: Cookie; save(done?: (error: any) => void): this }
declare abstract class Store extends EventEmitter {
  regenerate(req: { url: string; sessionID: string }, done: (error?: any) => any): void;
  load(sid: string, done: (error: any, session?: SessionData) => any): void;
  createSession(req: { url: string; sessionID: string }, session: SessionData): Session & SessionData;
  abstract get(sid: string, done: (error: any, session?: SessionData | null) => void): void;
  abstract set(sid: string, session: SessionData, done?: (error?: any) => void): void;
  abstract destroy(sid: string, done?: (error?: any) => void): void;
  all?(done: (error: any, sessions?: SessionData[] | { [sid: string]: SessionData } | null) => void): void;
  length?(done: (error: any, length?: number) => void): void;
  clear?(done?: (error?: any) => void): void;
  touch?(sid: string, session: SessionData, done?: () => void): void;
}
declare function expressSession(options: { store?: Store }): void;
`;

const right: Readonly<Record<string, string>> = {
  'a store of express-session': `${store} ${expressSession} expressSession({ store });`,
  'a store of @fastify/session': `${store}
    import type { FastifySessionOptions } from '@fastify/session';
    export const options: FastifySessionOptions = { secret: 'x', store };`,
  'clients of both Redis libraries': `${store}
    import { Redis } from 'ioredis';
    import { createClient } from 'redis';
    new SidecarStore({ client, importFrom: connectRedisSessions({ client: new Redis() }) });
    new SidecarStore({ client, importFrom: connectRedisSessions({ client: createClient(), prefix: 'x:' }) });`,
  'a typed client': `${store} new SidecarStore({ client: new SessionClient<Shop>({ address }), ttl: 60, disableTouch: true });`,
  promises: `${store}
    export async function use(): Promise<void> {
      await store.set('a', { cookie: {} });
      const session = await store.get('a');
      await store.touch('a', session);
      await store.destroy('a');
    }`,
};

const wrong: Readonly<Record<string, string>> = {
  'an unknown option': `${store} new SidecarStore({ client, prefix: 'x:' });`,
  'no client': `${store} new SidecarStore({});`,
  'a source that cannot remove': `${store} new SidecarStore({ client, importFrom: { get: async () => null } });`,
  'set() without a session': `${store} void store.set('a');`,
};

let said: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  said = compile({ ...right, ...wrong });
});

test.each(Object.keys(right))('%s compiles', (name) => {
  expect(said.get(name)).toEqual([]);
});

test.each(Object.keys(wrong))('%s does not compile', (name) => {
  expect(said.get(name)).toHaveLength(1);
});
