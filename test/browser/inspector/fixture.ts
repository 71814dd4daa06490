import { beforeAll } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Clock } from '../../../server/src/inspector/clock';
import { connect } from '../../support/client';
import { connectRaw, failureOf } from '../../support/raw-grpc';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../../support/stack';

/** A clock that only {@link tick} moves. Starts at a round time, so that pictures do not depend on the day. */
class SampleClock implements Clock {
  #now = Date.UTC(2026, 0, 1, 12);
  #interval: { readonly milliseconds: number; readonly run: () => void } | undefined;

  now(): number {
    return this.#now;
  }

  every(milliseconds: number, run: () => void): () => void {
    this.#interval = { milliseconds, run };
    return () => (this.#interval = undefined);
  }

  /** Waits until the sample is taken, which needs no timer and no I/O. */
  async tick(): Promise<void> {
    this.#now += this.#interval?.milliseconds ?? 0;
    this.#interval?.run();
    await new Promise(setImmediate);
  }
}

/** A sidecar with an inspector on a real Redis, ten minutes of calls, and a Chromium. */
export class InspectorStack {
  readonly clock = new SampleClock();
  sidecar!: Sidecar;
  url!: string;
  readonly #stack = stackForAllTests();
  readonly #visitors = stackForEachTest();
  #chromium!: Browser;

  constructor() {
    const stack = this.#stack;
    beforeAll(async () => {
      const redis = await stack.redis();
      const settings = {
        INSPECTOR_ADDRESS: '127.0.0.1:0',
        NEAR_CACHE: '16MiB',
        // What operators write can contain anything that they can be made to copy.
        REDIS_KEY_PREFIX: '<script>document.title="prefix"</script>:',
      };
      this.sidecar = await stack.sidecar({ redis, settings, inspectorClock: this.clock });
      this.url = this.sidecar.inspectorUrl!;
      this.#chromium = await stack.chromium();
      await this.#makeCalls();
    });
  }

  /** Calls that rise and fall, in each interval of ten minutes, and some that fail. */
  async #makeCalls(): Promise<void> {
    const client = this.#stack.use(connect(this.sidecar));
    const raw = this.#stack.use(connectRaw(this.sidecar.address));
    const session = await client.open(undefined);
    session.set('cart', ['tea']);
    await session.save();
    for (let interval = 0; interval < 120; interval += 1) {
      const visitors = Math.round(25 + 20 * Math.sin(interval / 9));
      await Promise.all(Array.from({ length: visitors }, () => client.open(session.token)));
      if (interval % 10 === 0) {
        session.set('visits', interval);
        await session.save();
        await failureOf(raw.call('getSession', { token: 'forged' }));
      }
      await this.clock.tick();
    }
  }

  /** A tab of a new visitor on the page. @param url default: of the sidecar with calls */
  async visit(options?: BrowserContextOptions, url = this.url): Promise<Page> {
    const page = await this.#visitors.use(await this.#chromium.newContext(options)).newPage();
    await page.goto(url);
    return page;
  }

  /** The inspector of a sidecar that shows the sessions of subjects. */
  async urlWithSessions(subject: string, label: string): Promise<string> {
    const settings = { INSPECTOR_ADDRESS: '127.0.0.1:0', INSPECTOR_SUBJECTS: 'on' };
    const sidecar = await this.#visitors.sidecar({ settings });
    await this.#visitors.use(connectRaw(sidecar.address)).call('createSession', { subject, label });
    return sidecar.inspectorUrl!;
  }

  /** A gRPC client that says who it is. */
  async callAs(userAgent: string): Promise<void> {
    const raw = this.#visitors.use(connectRaw(this.sidecar.address, { 'grpc.primary_user_agent': userAgent }));
    await raw.call('createSession', {});
  }
}
