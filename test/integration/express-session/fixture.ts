import { beforeAll, beforeEach } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { SidecarStore } from '@session-sidecar/client/express-session';
import type { SidecarStoreOptions } from '@session-sidecar/client/express-session';
import { Browser } from '../../support/browser';
import { connect } from '../../support/client';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../../support/stack';
import type { Stack } from '../../support/stack';
import { cookieName } from '../../support/store-frameworks';
import type { StoredApp, StoreFramework, StoreOptions } from '../../support/store-frameworks';

/** Stores on a real sidecar and a real Redis, which is emptied before each test. */
export class StoreFixture {
  redis!: RedisServer;
  sidecar!: Sidecar;
  client!: SessionClient;
  readonly stack: Stack = stackForEachTest();

  constructor() {
    const shared = stackForAllTests();
    beforeAll(async () => {
      this.redis = await shared.redis();
      this.sidecar = await shared.sidecar({ redis: this.redis });
      this.client = shared.use(connect(this.sidecar));
    });
    beforeEach(async () => {
      await this.redis.admin.flushall();
    });
  }

  /** A store of its own, as another process of the application has. */
  store(options: Partial<SidecarStoreOptions> = {}): SidecarStore {
    return new SidecarStore({ client: this.client, ...options });
  }

  /** Serves an application until the end of the test. */
  async serve(framework: StoreFramework, app: StoredApp, store: object, options?: StoreOptions): Promise<string> {
    return this.stack.serve(await framework.serve(app, store, options));
  }

  /** A visitor of such an application. */
  async visit(framework: StoreFramework, app: StoredApp, options?: StoreOptions): Promise<Browser> {
    return visitor(await this.serve(framework, app, this.store(), options));
  }

  /** How many sessions the sidecar has. */
  async count(): Promise<number> {
    return this.redis.admin.dbsize();
  }
}

export function visitor(url: string): Browser {
  return new Browser(url, cookieName);
}

/** The id in the cookie of express-session: `s:<sid>.<signature>`. */
export async function sidOf(browser: Browser): Promise<string> {
  const value = decodeURIComponent((await browser.cookie()) ?? '');
  return value.slice('s:'.length, value.lastIndexOf('.'));
}

/** Lets a test decide when something goes on. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}
