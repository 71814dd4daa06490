import { now } from '../clock';
import type { SingleWorld } from '../topology/single';
import { all } from './fault';
import type { Fault } from './fault';

/** Kills Redis and starts it empty. */
export const restartEmpty: Fault<SingleWorld> = {
  name: 'redis-restart-empty',
  async run(world, { record, hold }) {
    const injected = now();
    await world.redis.kill();
    await hold(0, 1500);
    await world.redis.start();
    const possible = now();
    record({
      ...{
        kind: this.name,
        detail: 'SIGKILL, started empty',
        injected,
        healed: possible,
        possible,
        sidecars: all(world),
      },
      loss: { what: 'sessions', from: injected, until: possible },
    });
  },
};

/** Kills or terminates Redis and starts it from its append-only file, which it syncs on every change. */
export const restartFromFile: Fault<SingleWorld> = {
  name: 'redis-restart-aof',
  async run(world, { random, record, hold }) {
    const isKilled = random.chance(0.6);
    const injected = now();
    await (isKilled ? world.redis.kill() : world.redis.terminate());
    await hold(0, 1500);
    await world.redis.start();
    const possible = now();
    const detail = `${isKilled ? 'SIGKILL' : 'SIGTERM'}, started from its append-only file`;
    record({ kind: this.name, detail, injected, healed: possible, possible, sidecars: all(world) });
  },
};

/** Freezes Redis. Connections stay open, and only the kernel accepts new ones. */
export const freeze: Fault<SingleWorld> = {
  name: 'redis-freeze',
  async run(world, { record, hold }) {
    const injected = now();
    world.redis.freeze();
    await hold(200, 3500);
    world.redis.thaw();
    const possible = now();
    record({ kind: this.name, detail: 'SIGSTOP', injected, healed: possible, possible, sidecars: all(world) });
  },
};
