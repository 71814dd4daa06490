import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import type { StorePart } from '../../../session/session-store';
import { replaceCredentials } from './credentials';
import type { Credentials } from './credentials';
import { Heartbeat, serverOf } from './heartbeat';
import { PartHealth } from './part-health';
import type { RedisConnection, RedisConnectionListener, Server } from './redis-connection';

const upkeepIntervalMs = 250;

interface Node {
  readonly server: Server;
  readonly heartbeat: Heartbeat;
}

/** The connections to the masters of a Redis Cluster. */
export class ClusterConnection implements RedisConnection {
  readonly client: Cluster;
  readonly #listener: RedisConnectionListener;
  /** Masters with a connection. */
  readonly #nodes = new Map<string, Node>();
  /** Masters that hold slots, with or without a connection. */
  readonly #health = new Map<string, PartHealth>();
  readonly #timer: NodeJS.Timeout;
  #wasReady = false;

  constructor(client: Cluster, listener: RedisConnectionListener) {
    this.client = client;
    this.#listener = listener;
    client.on('+node', () => {
      this.#keepUp();
    });
    client.on('-node', ({ options }: Redis) => {
      const address = `${options.host}:${options.port}`;
      this.#nodes.get(address)?.heartbeat.stop();
      this.#nodes.delete(address);
      this.#health.get(address)?.down('connection closed');
      this.#report();
    });
    for (const event of ['ready', 'close', 'refresh']) client.on(event, () => this.#keepUp());
    for (const event of ['error', 'node error']) client.on(event, listener.onTrouble);
    this.#timer = setInterval(() => {
      this.#keepUp();
      // An unreachable master may have been replaced, which ioredis notices only when another node redirects a command.
      if (this.usable && this.parts.some(({ ready }) => !ready)) client.refreshSlotsCache();
    }, upkeepIntervalMs).unref();
  }

  get parts(): readonly StorePart[] {
    return this.#health.size === 0 ? [new PartHealth('redis')] : [...this.#health.values()];
  }

  /** Other slots remain usable while a master is unavailable. */
  get usable(): boolean {
    return this.client.status === 'ready';
  }

  serverOf(key: string): Server | undefined {
    const [address = ''] = this.client.slots[calculateSlot(key)] ?? [];
    const server = this.#nodes.get(address)?.server;
    return server?.client.status === 'ready' ? server : undefined;
  }

  get servers(): readonly Server[] | undefined {
    const addresses = [...this.#holders()];
    const servers = addresses.flatMap((address) => this.#nodes.get(address)?.server ?? []);
    const areUsable = servers.length > 0 && servers.length === addresses.length;
    return areUsable && servers.every(({ client }) => client.status === 'ready') ? servers : undefined;
  }

  async layout(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.client.refreshSlotsCache((error) => (error === undefined || error === null ? resolve() : reject(error)));
    });
    // Whole ranges, because there are 16,384 slots.
    const changes = this.client.slots.map(([master], slot) => {
      const [before] = this.client.slots[slot - 1] ?? [];
      return master === before ? '' : `${slot} ${master ?? '-'}`;
    });
    return changes.filter((change) => change !== '').join();
  }

  setCredentials(credentials: Credentials): void {
    replaceCredentials(this.client, credentials);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { heartbeat } of this.#nodes.values()) heartbeat.stop();
    this.client.disconnect();
  }

  #keepUp(): void {
    for (const client of this.client.nodes('master')) this.#keepConnected(client);
    const holders = this.#holders();
    for (const address of holders) {
      if (this.#health.has(address)) continue;
      this.#health.set(address, new PartHealth(`redis ${address}`));
      void this.#nodes.get(address)?.heartbeat.beat();
    }
    for (const address of this.#health.keys()) {
      if (!holders.has(address)) this.#health.delete(address);
    }
    this.#report();
  }

  /** The addresses of the masters that hold slots. */
  #holders(): ReadonlySet<string> {
    return new Set(this.client.slots.flatMap(([master]) => master ?? []));
  }

  #keepConnected(client: Redis): void {
    const address = `${client.options.host}:${client.options.port}`;
    if (this.#nodes.get(address)?.server.client === client) return;
    this.#nodes.get(address)?.heartbeat.stop();
    const heartbeat = new Heartbeat(client, {
      onBeat: () => {
        this.#health.get(address)?.up();
        this.#report();
      },
      onMiss: (reason) => {
        this.#health.get(address)?.down(reason);
        this.#report();
      },
    });
    this.#nodes.set(address, { heartbeat, server: serverOf(client, heartbeat) });
    client.on('ready', () => void heartbeat.beat());
    // ioredis would wait for a command, and the health of the master would be unknown.
    if (client.status === 'wait') client.connect().catch(() => {});
  }

  #report(): void {
    const ready = this.usable && this.parts.some((part) => part.ready);
    if (ready === this.#wasReady) return;
    this.#wasReady = ready;
    this.#listener.onReady(ready);
  }
}
