import { now } from '../clock';
import type { SingleWorld } from '../topology/single';
import { all } from './fault';
import type { Fault } from './fault';

async function usedMemory({ redis }: SingleWorld): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.admin.info('memory'))?.[1]);
}

/** Fills Redis, which then rejects writes. */
export const storeFull: Fault<SingleWorld> = {
  name: 'store-full',
  async run(world, { record, hold }) {
    const { admin } = world.redis;
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    const injected = now();
    await admin.config('SET', 'maxmemory', Math.floor((await usedMemory(world)) / 2));
    await hold(300, 2500);
    await admin.config('SET', 'maxmemory', 0);
    const possible = now();
    record({ kind: this.name, detail: 'noeviction', injected, healed: possible, possible, sidecars: all(world) });
  },
};

const fillerCount = 3000;

/** Fills Redis, which then evicts keys. Whole sessions may be lost. */
export const storeEvicting: Fault<SingleWorld> = {
  name: 'store-full-evicting',
  async run(world, { random, record, hold }) {
    const { admin } = world.redis;
    const policy = random.pick(['allkeys-random', 'allkeys-lru', 'volatile-ttl']);
    const fill = admin.pipeline();
    for (let number = 0; number < fillerCount; number++) fill.setex(`filler:${number}`, 600, 'x'.repeat(500));
    await fill.exec();
    await admin.config('SET', 'maxmemory-policy', policy);
    const injected = now();
    await admin.config('SET', 'maxmemory', Math.floor((await usedMemory(world)) * 0.8));
    await hold(300, 2000);
    await admin.config('SET', 'maxmemory', 0);
    const possible = now();
    record({
      ...{ kind: this.name, detail: policy, injected, healed: possible, possible, sidecars: all(world) },
      loss: { what: 'sessions', from: injected, until: possible },
    });
    const remove = admin.pipeline();
    for (let number = 0; number < fillerCount; number++) remove.unlink(`filler:${number}`);
    await remove.exec();
  },
};
