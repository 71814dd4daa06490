import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { freeAddress } from '../support/free-port';
import { connect } from '../support/client';
import { until } from '../support/poll';
import type { SidecarProcess } from '../support/process';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import { buildGo, sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';
import { Watching } from '../support/watching';
import { signIn, useAfterGrace } from '../integration/watch/fixture';
import type { Client } from '../integration/watch/fixture';

const stack = stackForAllTests();
const { go, python } = toolchains();
sayIfMissing('watching in Go', go);
sayIfMissing('watching in Python', python);

interface Line {
  readonly type: string;
  readonly reason: string;
  readonly handle: string;
  readonly subject: string;
  readonly time: number;
  readonly version: number;
  readonly cursor: string;
}

const pythonWatcher = (mode: string) => ({
  toolchain: python,
  command: ({ command }: Found) => [command, join(__dirname, 'python/watch.py'), mode],
});

const languages: Record<string, { toolchain: Found | Missing; command: (found: Found) => string[] }> = {
  go: { toolchain: go, command: (found) => [buildGo(found, 'test/interop/go/watch')] },
  python: pythonWatcher('blocking'),
  'python with asyncio': pythonWatcher('asyncio'),
};

/** A watcher in another language. */
class Program {
  readonly #process: SidecarProcess;

  constructor(language: string, address: string, ...args: readonly string[]) {
    const { toolchain, command } = languages[language]!;
    const [file = '', ...before] = command(toolchain as Found);
    this.#process = stack.command(file, [...before, address, ...args], { env: (toolchain as Found).env });
  }

  get lines(): string[] {
    return this.#process.output().stdout.split('\n').slice(0, -1);
  }

  get events(): Line[] {
    return this.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  }

  async ready(): Promise<this> {
    await until('watching to begin', () => this.lines.includes('ready'));
    return this;
  }

  async eventsUntil(type: string, handle: string | undefined): Promise<Line[]> {
    const isThere = (event: Line) => event.type === type && event.handle === handle;
    return until(`${type} of ${handle}`, () => this.events.some(isThere) && this.events);
  }

  async kill(): Promise<void> {
    this.#process.child.kill('SIGKILL');
    await this.#process.exit;
  }
}

let redis: RedisServer;
let address: string;
let client: Client;

beforeAll(async () => {
  redis = await stack.redis();
  ({ address } = await stack.sidecar({ redis, settings: { MAX_SESSIONS_PER_SUBJECT: '3' } }));
  client = stack.use(connect({ address }));
});

describe.each(Object.entries(languages))('watching in %s', (language, { toolchain }) => {
  const run = toolchain.missing === undefined ? test : test.skip;

  run('reports what the TypeScript client reports', async () => {
    const subject = `same ${language}`;
    const program = await new Program(language, address, subject).ready();
    const watching = await Watching.start(stack, client, { subject });
    const session = await signIn(client, subject);
    const { handle, token } = session;
    await session.regenerate({ grace: 1 });
    await useAfterGrace(client, token);
    await watching.event('replaced_token_used', handle);
    await session.invalidate();
    const revoked = await signIn(client, subject);
    await client.forSubject(subject).invalidateAll();
    const three = [await signIn(client, subject), await signIn(client, subject), await signIn(client, subject)];
    const brief = await signIn(client, subject, 1000);
    await watching.event('expired', brief.handle);
    const seen = await program.eventsUntil('expired', brief.handle);
    expect(seen.map(({ cursor: _, ...event }) => event)).toEqual(
      watching.events.map(({ cursor: _, time, version = 0, ...event }) => ({
        ...event,
        version,
        time: time.getTime(),
      })),
    );
    // Only events of one session have an order.
    const of = (session: { readonly handle: string | undefined }) =>
      seen.filter((event) => event.handle === session.handle).map(({ type, reason }) => `${type} ${reason}`);
    expect(of({ handle })).toEqual([
      'created call',
      'regenerated call',
      'replaced_token_used call',
      'invalidated call',
    ]);
    expect(of(revoked)).toEqual(['created call', 'revoked subject']);
    expect(three.map(of)).toEqual([['created call', 'revoked limit'], ['created call'], ['created call']]);
    expect(of(brief)).toEqual(['created call', 'expired idle_timeout']);
    expect(seen).toHaveLength(12);
    await program.kill();
  });

  run('goes on after a cursor that another client has seen', async () => {
    const subject = `after ${language}`;
    const watching = await Watching.start(stack, client, { subject });
    const [first, second] = [await signIn(client, subject), await signIn(client, subject)];
    const { cursor } = await watching.event('created', first.handle);
    const program = await new Program(language, address, subject, '', cursor).ready();
    const seen = await program.eventsUntil('created', second.handle);
    expect(seen.map(({ handle }) => handle)).toEqual([second.handle]);
    await program.kill();
  });

  run('shares a group with the TypeScript client, which goes on when the program is killed', async () => {
    const group = `g-${language.replaceAll(' ', '-')}`;
    const program = await new Program(language, address, group, group).ready();
    const watching = await Watching.start(stack, client, { subject: group, group });
    const first = await signIn(client, group);
    await program.eventsUntil('created', first.handle);
    // Asked for the next one, the client acknowledges the first, with the next message.
    const second = await signIn(client, group);
    await program.eventsUntil('created', second.handle);
    expect(watching.events).toEqual([]);
    await program.kill();
    const third = await signIn(client, group);
    await watching.event('created', third.handle);
    expect(watching.events.at(-1)?.handle).toBe(third.handle);
  });

  run('goes on when the sidecar restarts', async () => {
    const subject = `restart ${language}`;
    const first = await stack.sidecar({ redis, address: await freeAddress() });
    const program = await new Program(language, first.address, subject).ready();
    const before = await signIn(client, subject);
    await program.eventsUntil('created', before.handle);
    await first.close();
    const meanwhile = await signIn(client, subject);
    await stack.sidecar({ redis, address: first.address });
    const seen = await program.eventsUntil('created', meanwhile.handle);
    expect(seen.map(({ handle }) => handle)).toEqual([before.handle, meanwhile.handle]);
    await program.kill();
  });

  run('reports why it cannot watch', async () => {
    const program = new Program(language, address, 's', '', 'not-a-cursor');
    await until('an error', () => program.lines.length > 0);
    expect(program.lines).toEqual(['INVALID_ARGUMENT']);
  });
});
