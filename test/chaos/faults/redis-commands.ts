import { now } from '../clock';
import type { SingleWorld } from '../topology/single';
import { all } from './fault';
import type { Fault } from './fault';

/** Flushes Redis's scripts, which no caller may notice. */
export const scriptFlush: Fault<SingleWorld> = {
  name: 'script-flush',
  async run({ redis }, { random, record, hold }) {
    const injected = now();
    const times = random.int(1, 5);
    for (let time = 0; time < times; time++) {
      await redis.admin.script('FLUSH');
      await hold(0, 100);
    }
    const healed = now();
    record({ kind: this.name, detail: `${times} times`, injected, healed, possible: injected, sidecars: [] });
  },
};

/** Closes connections of sidecars in Redis: those for commands, those for invalidations, or both. */
export const clientKill: Fault<SingleWorld> = {
  name: 'client-kill',
  async run(world, { random, record, hold }) {
    const types = random.pick([['normal'], ['pubsub'], ['normal', 'pubsub']] as const);
    const injected = now();
    const times = random.int(1, 4);
    for (let time = 0; time < times; time++) {
      for (const type of types) await world.redis.admin.call('CLIENT', 'KILL', 'TYPE', type);
      await hold(0, 200);
    }
    const healed = now();
    const detail = `TYPE ${types.join(' and ')}, ${times} times`;
    record({ kind: this.name, detail, injected, healed, possible: healed, sidecars: all(world) });
  },
};

/** Pauses all commands in Redis, or only those that write. */
export const clientPause: Fault<SingleWorld> = {
  name: 'client-pause',
  async run(world, { random, record, hold }) {
    const [mode, milliseconds] = [random.pick(['ALL', 'WRITE']), random.int(100, 2500)];
    const injected = now();
    await world.redis.admin.call('CLIENT', 'PAUSE', milliseconds, mode);
    await hold(milliseconds, milliseconds);
    const possible = now();
    const detail = `${mode} for ${milliseconds} ms`;
    record({ kind: this.name, detail, injected, healed: possible, possible, sidecars: all(world) });
  },
};

/** Runs an endless script of another application. Redis first does not answer, then answers BUSY. */
export const busyScript: Fault<SingleWorld> = {
  name: 'busy-script',
  async run(world, { record, hold }) {
    const { admin } = world.redis;
    await admin.config('SET', 'busy-reply-threshold', 100);
    const other = admin.duplicate();
    other.on('error', () => undefined);
    await other.ping();
    const injected = now();
    const run = other.eval('while true do end', 0).catch(() => undefined);
    await hold(300, 2500);
    await admin.script('KILL');
    await run;
    const possible = now();
    other.disconnect();
    record({ kind: this.name, detail: 'endless script', injected, healed: possible, possible, sidecars: all(world) });
  },
};

/** Makes Redis a replica of a server that does not exist, so that it answers READONLY. */
export const demote: Fault<SingleWorld> = {
  name: 'redis-readonly',
  async run(world, { record, hold }) {
    const injected = now();
    await world.redis.admin.replicaof('127.0.0.1', 1);
    await hold(300, 2500);
    await world.redis.admin.replicaof('NO', 'ONE');
    const possible = now();
    record({ kind: this.name, detail: 'REPLICAOF', injected, healed: possible, possible, sidecars: all(world) });
  },
};
