import { sleep, now } from '../clock';
import type { Instant } from '../clock';
import type { RedisNode } from '../topology/redis-node';
import type { SentinelWorld } from '../topology/sentinel';
import { all } from './fault';
import type { Fault } from './fault';

/** How long a message from Sentinel to a sidecar may take, in ms. What is acknowledged later must not be lost. */
const announcementMs = 100;
const switchTimeoutMs = 60_000;
/** Twice the Sentinels' failover-timeout, after which a failover is retried. */
const failoverMs = 9_000;

/** Makes the old master a replica of the new one, which Sentinel would do only after some ten seconds. */
async function follow(world: SentinelWorld, old: RedisNode): Promise<void> {
  const master = await world.master();
  if (master !== old) await old.admin.replicaof('127.0.0.1', master.port);
  await world.settle();
}

/** Requests a failover, and repeats the request if Sentinel gives up because the replica did not answer in time. */
async function failOver(world: SentinelWorld, switched: Promise<Instant>): Promise<Instant> {
  for (;;) {
    await world.failover();
    const possible = await Promise.race([switched, sleep(failoverMs)]);
    if (typeof possible === 'number') return possible;
  }
}

/** Requests a planned failover from Sentinel. */
export const plannedFailover: Fault<SentinelWorld> = {
  name: 'sentinel-failover',
  async run(world, { record }) {
    await world.settle();
    const old = await world.master();
    const switched = world.switched(switchTimeoutMs);
    const injected = now();
    const possible = await failOver(world, switched);
    record({
      ...{ kind: this.name, detail: 'SENTINEL FAILOVER', injected, healed: possible, possible, sidecars: all(world) },
      loss: { what: 'recent', from: injected, until: possible + announcementMs },
    });
    // Long enough for wrong writes to the old master to show.
    await sleep(2000);
    await follow(world, old);
  },
};

/** Kills the master, which Sentinel replaces. */
export const masterKill: Fault<SentinelWorld> = {
  name: 'sentinel-master-kill',
  async run(world, { record }) {
    await world.settle();
    const old = await world.master();
    const switched = world.switched(switchTimeoutMs);
    const injected = now();
    await old.kill();
    const possible = await switched;
    record({
      ...{ kind: this.name, detail: 'SIGKILL', injected, healed: possible, possible, sidecars: all(world) },
      loss: { what: 'recent', from: injected, until: possible + announcementMs },
    });
    await sleep(2000);
    await old.start();
    await follow(world, old);
  },
};

/** Freezes the master until it is replaced. After the thaw, it still acts as the master for a while. */
export const masterHang: Fault<SentinelWorld> = {
  name: 'sentinel-master-hang',
  async run(world, { record, hold }) {
    await world.settle();
    const old = await world.master();
    const switched = world.switched(switchTimeoutMs);
    const injected = now();
    old.freeze();
    const possible = await switched;
    record({
      ...{ kind: this.name, detail: 'SIGSTOP', injected, healed: possible, possible, sidecars: all(world) },
      loss: { what: 'recent', from: injected, until: possible + announcementMs },
    });
    await hold(1000, 3000);
    old.thaw();
    await hold(1000, 3000);
    await follow(world, old);
  },
};

/** Kills and restarts one Sentinel, which no caller may notice. */
export const sentinelKill: Fault<SentinelWorld> = {
  name: 'sentinel-kill',
  async run(world, { random, record, hold }) {
    const sentinel = random.pick(world.sentinels.slice(1));
    const injected = now();
    await sentinel.kill();
    await hold(300, 2000);
    await sentinel.start();
    record({ kind: this.name, detail: 'SIGKILL to one', injected, healed: now(), possible: injected, sidecars: [] });
    await world.settle();
  },
};
