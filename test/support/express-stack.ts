import { afterEach, beforeAll, beforeEach } from '@jest/globals';
import express5 from 'express';
import type { Express } from 'express';
import express4 from 'express4';
import type { SessionClient } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { SessionData, SessionsOptions } from '@session-sidecar/client/express';
import type { Browser } from './browser';
import { connect } from './client';
import type { RedisServer } from './redis';
import type { Sidecar } from './sidecar';
import { stackForAllTests, stackForEachTest } from './stack';
import { browserWithSession, storedData } from './visitors';

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

export type Options = Omit<SessionsOptions, 'address' | 'client'>;

/** Express apps on a real sidecar and a real Redis, which is emptied before each test. */
export class ExpressStack {
  redis!: RedisServer;
  sidecar!: Sidecar;
  client!: SessionClient<SessionData>;
  readonly #stack = stackForEachTest();

  constructor() {
    const shared = stackForAllTests();
    beforeAll(async () => {
      this.redis = await shared.redis();
      this.sidecar = await shared.sidecar({ redis: this.redis, settings: { MAX_SESSION_SIZE: '1KiB' } });
      this.client = shared.use(connect<SessionData>(this.sidecar));
    });
    beforeEach(async () => {
      await this.redis.admin.flushdb();
    });
    afterEach(() => {
      this.redis.thaw();
    });
  }

  /** Serves an app with `sessions()` mounted, which `build` completes, until the end of the test. */
  async serve(build: (app: Express) => void, options: Options = {}, express = express5): Promise<string> {
    return this.serveBare((app) => {
      app.use(sessions({ client: this.client, ...options }));
      build(app);
    }, express);
  }

  async serveBare(build: (app: Express) => void, express = express5): Promise<string> {
    const app = express();
    // Otherwise, Express prints errors that the app does not handle.
    app.set('env', 'test');
    build(app);
    return this.#stack.serve(app);
  }

  /** A browser with the cookie of a stored session, which holds a note. */
  async browserWithSession(url: string): Promise<Browser> {
    return browserWithSession(this.client.create(), url);
  }

  /** What the session of a token holds; `undefined` if there is none. */
  async stored(token: string | undefined): Promise<Partial<SessionData> | undefined> {
    return storedData(this.client, token);
  }
}
