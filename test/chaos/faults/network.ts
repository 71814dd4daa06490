import { now } from '../clock';
import type { Random } from '../random';
import type { ProxiedWorld } from '../topology/single';
import type { TcpProxy } from '../../support/tcp-proxy';
import { all } from './fault';
import type { Fault } from './fault';

interface Place {
  readonly where: string;
  readonly proxies: readonly TcpProxy[];
  readonly sidecars: readonly string[];
}

/** Chooses the network in front of Redis or of the sidecars, for one sidecar or for both. */
function pickPlace(world: ProxiedWorld, random: Random, side: 'redis' | 'clients'): Place {
  const names = random.chance(0.5) ? all(world) : [random.pick(all(world))];
  const proxies = world.sidecars
    .filter(({ name }) => names.includes(name))
    .flatMap(({ name, clientProxy }) => (side === 'redis' ? world.redisProxies.get(name) : clientProxy) ?? []);
  const where = `${side === 'redis' ? 'between Redis and' : 'between clients and'} ${names.join(' and ')}`;
  return { where, proxies, sidecars: names };
}

const anySide = (random: Random): 'redis' | 'clients' => (random.chance(0.7) ? 'redis' : 'clients');

/** Cuts connections. New ones work at once. */
export const cut: Fault<ProxiedWorld> = {
  name: 'network-cut',
  async run(world, { random, record, hold }) {
    const { where, proxies, sidecars } = pickPlace(world, random, anySide(random));
    const injected = now();
    const times = random.int(1, 3);
    for (let time = 0; time < times; time++) {
      for (const { links } of proxies) for (const link of links) link.cut();
      await hold(0, 200);
    }
    const healed = now();
    record({ kind: this.name, detail: `${where}, ${times} times`, injected, healed, possible: healed, sidecars });
  },
};

/** Cuts connections in the middle of a reply. */
export const cutInReply: Fault<ProxiedWorld> = {
  name: 'network-cut-in-reply',
  async run(world, { random, record, hold }) {
    const { where, proxies, sidecars } = pickPlace(world, random, anySide(random));
    const injected = now();
    const bytes = random.int(1, 60);
    for (const { links } of proxies) for (const link of links) link.cutInReply(bytes);
    await hold(100, 300);
    const healed = now();
    record({ kind: this.name, detail: `${where}, after ${bytes} bytes`, injected, healed, possible: healed, sidecars });
  },
};

/**
 * Freezes one or all connections to Redis, in one or both directions. They stay open, and new ones work. What was sent meanwhile arrives
 * after the thaw.
 */
export const halfOpen: Fault<ProxiedWorld> = {
  name: 'network-half-open',
  async run(world, { random, record, hold }) {
    const { where, proxies, sidecars } = pickPlace(world, random, 'redis');
    const directions = random.pick([['requests', 'replies'], ['requests'], ['replies']] as const);
    const isAll = random.chance(0.6);
    const injected = now();
    const frozen = proxies.flatMap(({ links }) => (isAll ? links : random.shuffle(links).slice(0, 1)));
    for (const link of frozen) link.freeze(directions);
    await hold(1500, 4500);
    for (const link of frozen) link.thaw();
    const healed = now();
    const detail = `${isAll ? 'all connections' : 'one connection'} ${where}, ${directions.join(' and ')}`;
    record({ kind: this.name, detail, injected, healed, possible: injected, sidecars });
  },
};

/** Redis closes connections without the sidecars noticing. What they send is lost, and changes are not reported to them. */
export const forgotten: Fault<ProxiedWorld> = {
  name: 'network-forgotten',
  async run(world, { random, record, hold }) {
    const { where, proxies, sidecars } = pickPlace(world, random, 'redis');
    const isAll = random.chance(0.4);
    const injected = now();
    const links = proxies.flatMap((proxy) => (isAll ? proxy.links : random.shuffle(proxy.links).slice(0, 1)));
    for (const link of links) link.forget();
    await hold(2000, 4500);
    for (const link of links) link.thaw();
    const healed = now();
    const detail = `${isAll ? 'all connections' : 'one connection'} ${where}`;
    record({ kind: this.name, detail, injected, healed, possible: injected, sidecars });
  },
};

/** Freezes one connection of the first sidecar, or closes it towards Redis alone, while its other connections work. */
export const loseOne: Fault<ProxiedWorld> = {
  name: 'network-lose-one',
  async run({ redisProxies }, { random, record, hold }) {
    const [sidecar, proxy] = [...redisProxies].sort(([a], [b]) => a.localeCompare(b))[0]!;
    const isForgotten = random.chance(0.6);
    const injected = now();
    const [link] = random.shuffle(proxy.links);
    if (isForgotten) link?.forget();
    else link?.freeze(['requests', 'replies']);
    await hold(2500, 4500);
    link?.thaw();
    const healed = now();
    const detail = `one connection of ${sidecar} is ${isForgotten ? 'closed towards Redis alone' : 'half-open'}`;
    record({ kind: this.name, detail, injected, healed, possible: injected, sidecars: [sidecar] });
  },
};

/** Forwards nothing: connections stay open, and new ones are accepted and get no answer. */
export const blackHole: Fault<ProxiedWorld> = {
  name: 'network-black-hole',
  async run(world, { random, record, hold }) {
    const side = anySide(random);
    const { where, proxies, sidecars } = pickPlace(world, random, side);
    const injected = now();
    for (const proxy of proxies) {
      for (const link of proxy.links) link.freeze(['requests', 'replies']);
      proxy.newConnections = 'ignore';
    }
    await hold(300, 3000);
    // Clients on the sidecar's host need not detect silent connections, so these are cut.
    for (const proxy of proxies) {
      if (side === 'clients') for (const link of proxy.links) link.cut();
      proxy.heal({ closeIgnored: side === 'clients' || random.chance(0.5) });
    }
    const possible = now();
    record({ kind: this.name, detail: where, injected, healed: possible, possible, sidecars });
  },
};

/** Cuts connections and refuses new ones. */
export const refuse: Fault<ProxiedWorld> = {
  name: 'network-refuse',
  async run(world, { random, record, hold }) {
    const { where, proxies, sidecars } = pickPlace(world, random, anySide(random));
    const injected = now();
    for (const proxy of proxies) {
      proxy.newConnections = 'refuse';
      for (const link of proxy.links) link.cut();
    }
    await hold(100, 3000);
    for (const proxy of proxies) proxy.heal({ closeIgnored: true });
    const possible = now();
    record({ kind: this.name, detail: where, injected, healed: possible, possible, sidecars });
  },
};

/** Delays everything. */
export const slow: Fault<ProxiedWorld> = {
  name: 'network-slow',
  async run(world, { random, record, hold }) {
    const side = anySide(random);
    const { where, proxies, sidecars } = pickPlace(world, random, side);
    const delayMs = random.pick([20, 60, 150, 300, 600]);
    const injected = now();
    for (const proxy of proxies) proxy.delayMs = delayMs;
    await hold(500, 3000);
    for (const proxy of proxies) proxy.heal({ closeIgnored: true });
    const possible = now() + delayMs;
    record({
      ...{ kind: this.name, detail: `${where}, ${delayMs} ms`, injected, healed: possible, possible, sidecars },
      requestDelayMs: side === 'clients' ? delayMs : undefined,
    });
  },
};

/** How long a sidecar may read from a demoted server, in ms: until it next checks whether the server accepts writes. */
const demotionMs = 500;

/** Promotes the replica behind a fixed address and demotes the master, to which connections stay open. */
export const moveMaster: Fault<ProxiedWorld> = {
  name: 'fixed-address-failover',
  async run(world, { record }) {
    await world.settle();
    const [old, next] = [world.master, world.replica];
    const injected = now();
    await next.admin.replicaof('NO', 'ONE');
    for (const proxy of world.redisProxies.values()) proxy.target = { host: '127.0.0.1', port: next.port };
    await old.admin.replicaof('127.0.0.1', next.port);
    const possible = now();
    world.master = next;
    world.replica = old;
    record({
      ...{ kind: this.name, detail: 'connections to the old master stay open', injected, healed: possible, possible },
      sidecars: all(world),
      loss: { what: 'recent', from: injected, until: possible, readUntil: possible + demotionMs },
    });
    await world.settle();
  },
};
