import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import express5 from 'express';
import type { Express } from 'express';
import express4 from 'express4';
import { SessionClient } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { SessionData, SessionsOptions } from '@session-sidecar/client/express';
import { Browser, serve } from './browser';
import { startRedis } from './redis';
import type { RedisServer } from './redis';
import { startReadySidecar } from './ready-sidecar';
import type { Sidecar } from './sidecar';

declare module '@session-sidecar/client/express' {
  interface SessionData {
    note?: string;
    [counter: `key${number}`]: number;
  }
}

export const expressVersions = [
  ['Express 5', express5],
  ['Express 4', express4],
] as const;

/** Long, because a machine that runs tests is busy. */
const patience = 20_000;

export type Options = Omit<SessionsOptions, 'address' | 'client'>;

/** Express apps on a real sidecar on a real Redis, which is empty at the start of each test. */
export class ExpressStack {
  redis!: RedisServer;
  sidecar!: Sidecar;
  client!: SessionClient<SessionData>;
  readonly #closing: (() => Promise<void>)[] = [];

  constructor() {
    beforeAll(async () => {
      this.redis = await startRedis();
      this.sidecar = await startReadySidecar({
        redisUrl: this.redis.url,
        env: { SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: `${patience}ms`, SESSION_SIDECAR_MAX_SESSION_SIZE: '1KiB' },
      });
      this.client = new SessionClient<SessionData>({ address: this.sidecar.address, timeoutMs: patience });
    });
    beforeEach(async () => {
      await this.redis.admin.flushdb();
    });
    afterEach(async () => {
      this.redis.thaw();
      await Promise.all(this.#closing.splice(0).map((close) => close()));
    });
    afterAll(async () => {
      this.client.close();
      await this.sidecar.close();
      await this.redis.stop();
    });
  }

  /** Serves what `build` makes of an app that has `sessions()` mounted, until the end of the test. */
  async serve(build: (app: Express) => void, options: Options = {}, express = express5): Promise<string> {
    return this.serveBare((app) => {
      app.use(sessions({ client: this.client, ...options }));
      build(app);
    }, express);
  }

  async serveBare(build: (app: Express) => void, express = express5): Promise<string> {
    const app = express();
    // Express would print errors that no handler of the app takes.
    app.set('env', 'test');
    build(app);
    const { url, close } = await serve(app);
    this.#closing.push(close);
    return url;
  }

  /** A browser whose visitor has a session with a note in it. */
  async browserWithSession(url: string): Promise<Browser> {
    const browser = new Browser(url);
    const session = this.client.create();
    session.set('note', 'old');
    await session.save();
    await browser.setCookie(session.token!);
    return browser;
  }

  /** What the session of a token holds; `undefined`: there is no such session. */
  async stored(token: string | undefined): Promise<Partial<SessionData> | undefined> {
    const session = await this.client.open(token);
    return session.isNew ? undefined : session.toObject();
  }
}
