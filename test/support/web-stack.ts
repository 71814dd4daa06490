import { beforeAll, expect } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { Browser } from './browser';
import { connect } from './client';
import { http2Gateway } from './http2-gateway';
import type { Sidecar } from './sidecar';
import { stackForAllTests, stackForEachTest } from './stack';
import type { Stack } from './stack';
import { browserWithSession, storedData } from './visitors';
import type { Framework, Visits, WebApp, WebOptions } from './web-frameworks';

/** Web applications on a real sidecar with sessions of at most 1 KiB. */
export class WebStack {
  sidecar!: Sidecar;
  client!: SessionClient<Visits>;
  readonly forEachTest: Stack = stackForEachTest();

  constructor() {
    const shared = stackForAllTests();
    beforeAll(async () => {
      this.sidecar = await shared.sidecar({ settings: { MAX_SESSION_SIZE: '1KiB' } });
      this.client = shared.use(connect<Visits>(this.sidecar));
    });
  }

  /** Serves an application until the end of the test. */
  async serve(framework: Framework, app: WebApp, options: Partial<WebOptions> = {}): Promise<string> {
    return serveFramework(this.forEachTest, framework, app, { client: this.client, ...options });
  }

  /** A browser with the cookie of a stored session, which has a note. */
  async visitor(url: string): Promise<Browser> {
    return browserWithSession(this.client.create(), url);
  }

  /** The token of a stored session. */
  async token(data: Visits): Promise<string> {
    const session = this.client.create();
    session.update(data);
    await session.save();
    return session.token!;
  }

  /** What the session of a token holds; `undefined` if there is none. */
  async stored(token: string | undefined): Promise<Partial<Visits> | undefined> {
    return storedData(this.client, token);
  }
}

/** Serves an application by HTTP/1.1, whatever the framework itself speaks, until the end of the stack. */
export async function serveFramework(
  stack: Stack,
  { serve, isHttp2 = false }: Framework,
  app: WebApp,
  options: WebOptions,
): Promise<string> {
  const listener = await serve(app, options);
  return stack.serve(isHttp2 ? stack.use(await http2Gateway(listener)).forward : listener);
}

/** Counts the visits of a visitor. */
export const count: WebApp = async ({ session }) => {
  const visits = (await session()).get('visits', 0) + 1;
  (await session()).set('visits', visits);
  return { body: String(visits) };
};

/** What a response does to the session's cookie. */
export function effectOf(response: Response): string {
  const [cookie, ...more] = response.headers.getSetCookie().filter((each) => each.startsWith('session_sidecar='));
  expect(more).toEqual([]);
  if (cookie === undefined) return 'none';
  return cookie.startsWith('session_sidecar=;') ? 'delete' : 'set';
}
