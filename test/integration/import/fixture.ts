import { beforeAll, beforeEach } from '@jest/globals';
import { Redis } from 'ioredis';
import type { ImportResult } from '../../../server/src/cli/import/report';
import type { SessionClient } from '@session-sidecar/client';
import { connect } from '../../support/client';
import type { RedisServer } from '../../support/redis';
import { outcomeOfCli } from '../../support/run-cli';
import type { CliOutcome } from '../../support/run-cli';
import { stackForAllTests, stackForEachTest } from '../../support/stack';
import type { Stack } from '../../support/stack';

/** The database that has the old sessions. The sidecar has another one of the same server. */
const sourceDatabase = 7;

/** A sidecar, and sessions of another store, which are removed before each test. */
export class ImportFixture {
  redis!: RedisServer;
  client!: SessionClient;
  /** A connection to the source. */
  old!: Redis;
  readonly stack: Stack = stackForEachTest();

  constructor() {
    const shared = stackForAllTests();
    beforeAll(async () => {
      this.redis = await shared.redis();
      this.client = shared.use(connect(await shared.sidecar({ redis: this.redis })));
      this.old = new Redis(this.redis.url, { db: sourceDatabase });
      shared.defer(() => this.old.quit());
    });
    beforeEach(async () => {
      await this.redis.admin.flushall();
    });
  }

  get sourceUrl(): string {
    return `${this.redis.url}/${sourceDatabase}`;
  }

  /** Runs `import` with a format and options. */
  run(args: readonly string[], settings?: Readonly<Record<string, string>>): Promise<CliOutcome> {
    const [format = '', ...options] = args;
    const words = ['import', format, '--source', this.sourceUrl, ...options];
    return outcomeOfCli(words, { redis: this.redis, ...(settings && { settings }) });
  }

  /** The result for scripts, whether or not some sessions failed. */
  async import(args: readonly string[], settings?: Readonly<Record<string, string>>): Promise<ImportResult> {
    const { stdout, stderr } = await this.run([...args, '--json'], settings);
    if (stderr !== '') throw new Error(stderr);
    return JSON.parse(stdout) as ImportResult;
  }

  /** The number of sessions that the sidecar has, without what else there is. */
  async count(): Promise<number> {
    const keys = await this.redis.admin.keys('session:*');
    return keys.filter((key) => /^session:[\w-]{22}$/.test(key)).length;
  }

  /** What the application finds with the id of a session; `undefined`: nothing. */
  async found(id: string): Promise<Record<string, unknown> | undefined> {
    const session = await this.client.openById(id);
    return session.state === 'stored' ? session.toObject() : undefined;
  }

  /** In ms, as the record of a session has it. */
  async idleTimeoutOf(id: string): Promise<number> {
    const { handle } = await this.client.openById(id);
    const record = (await this.redis.admin.get(`session:${handle}`)) ?? '';
    return Number(record.split(' ')[4]);
  }

  /** The sessions that belong to a subject. */
  async handlesOf(subject: string): Promise<string[]> {
    const handles: string[] = [];
    for await (const { handle } of this.client.forSubject(subject).list()) handles.push(handle);
    return handles;
  }
}
