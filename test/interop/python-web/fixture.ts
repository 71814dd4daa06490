import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { Browser } from '../../support/browser';
import { connect } from '../../support/client';
import { gunicorn } from '../../support/gunicorn';
import { until } from '../../support/poll';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { stackForAllTests } from '../../support/stack';
import { sayIfMissing, toolchains } from '../../support/toolchains';
import { browserWithSession, storedData } from '../../support/visitors';

const { python } = toolchains();

/** What the pages of the applications write. */
export interface Visits {
  visits: number;
  note: string;
  go: boolean;
}

/** How the application of each framework is served, as in production. */
const servers = {
  flask: gunicorn('flask_app:app', { workers: 2, threads: 8, preload: true }),
  fastapi: ['-m', 'uvicorn', '--port=0', 'fastapi_app:app'],
} as const;

export type Framework = keyof typeof servers;
export const frameworks = ['flask', 'fastapi'] as const satisfies readonly Framework[];

/** A test that is skipped without Python. */
export const pythonTest: typeof test.skip = python.missing === undefined ? test : test.skip;

/** Applications of Python frameworks in their real servers, on a real sidecar with sessions of at most 1 KiB. */
export class PythonServers {
  redis!: RedisServer;
  sidecar!: Sidecar;
  client!: SessionClient<Visits>;
  readonly #urls = new Map<Framework, string>();
  readonly #logs = new Map<Framework, () => string>();
  readonly #notes: string;

  constructor(...frameworks: readonly Framework[]) {
    sayIfMissing(`the applications on ${frameworks.join(' and ')}`, python);
    const stack = stackForAllTests();
    this.#notes = join(stack.directory(), 'notes');
    beforeAll(async () => {
      if (python.missing !== undefined) return;
      this.redis = await stack.redis();
      this.sidecar = await stack.sidecar({ redis: this.redis, settings: { MAX_SESSION_SIZE: '1KiB' } });
      this.client = stack.use(connect<Visits>(this.sidecar));
      const { command, env } = python;
      const more = { SIDECAR_ADDRESS: this.sidecar.address, NOTES: this.#notes };
      for (const framework of frameworks) {
        const server = stack.command(command, servers[framework], { cwd: __dirname, env: { ...env, ...more } });
        const log = () => server.output().stderr;
        this.#logs.set(framework, log);
        const url = await until(framework, () => /(?:at:|running on) (http:\S+)/.exec(log())?.[1]);
        this.#urls.set(framework, url);
      }
    });
  }

  /** The URL of an application with a configuration, such as `plain`. */
  url(framework: Framework, configuration = 'plain'): string {
    return `${this.#urls.get(framework)!}/${configuration}`;
  }

  /** What the server of an application has logged. */
  log(framework: Framework): string {
    return this.#logs.get(framework)!();
  }

  /** A new visitor. */
  browser(framework: Framework, configuration?: string): Browser {
    return new Browser(this.url(framework, configuration));
  }

  /** A visitor whose session is stored, and has a note. */
  async visitor(framework: Framework, configuration?: string): Promise<Browser> {
    return browserWithSession(this.client.create(), this.url(framework, configuration));
  }

  /** What a browser's session holds; `undefined` if there is none. */
  async stored(browser: Browser): Promise<Partial<Visits> | undefined> {
    return storedData(this.client, await browser.cookie());
  }

  /** What the application has written to its notes last. */
  note(): string {
    return readFileSync(this.#notes, 'utf8');
  }
}
