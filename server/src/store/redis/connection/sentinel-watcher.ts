import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { Redis } from 'ioredis';
import { replaceCredentials } from './credentials';
import type { Credentials } from './credentials';
import { sentinelOptions } from './client-options';
import type { RedisConnectionOptions } from './client-options';

const pollIntervalMs = 250;

/** How long a failover may take from the choice of a replica to its promotion. Sentinel needs about a second. */
const maxPromotionMs = 5_000;

const noCredentials = { username: undefined, password: undefined };

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SentinelWatcher {
  /** A replica is being promoted, so changes that the current master acknowledges may be lost. */
  readonly isFailingOver: boolean;
  /** How many times another server became the master. */
  readonly switches: number;
  /** Whether the server at the other end is the master, as far as the Sentinels have announced. */
  mayServe(connection: Socket): boolean;
  setCredentials(credentials: Credentials): void;
  close(): void;
}

/**
 * Follows the Sentinels' announcements (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#pubsub-messages).
 * ioredis's `failoverDetector` only handles `+switch-master`, which comes up to seconds after the promotion, and misses those that
 * happen while it connects. Every Sentinel is also polled four times a second, which proves the connection to it alive.
 *
 * @param onSwitch another server is the master
 */
export function watchSentinels(options: RedisConnectionOptions, onSwitch: () => void): SentinelWatcher {
  const { master = '' } = options.sentinel ?? {};
  let announced: Address | undefined;
  let switches = 0;
  let failingOverUntil = 0;

  const announce = (host: string, port: string): void => {
    failingOverUntil = 0;
    if (announced?.host === host && announced.port === Number(port)) return;
    announced = { host, port: Number(port) };
    switches += 1;
    onSwitch();
  };
  const onMessage = (channel: string, message: string): void => {
    const words = message.split(' ');
    switch (channel) {
      // +switch-master <master> <old host> <old port> <new host> <new port>
      case '+switch-master':
        if (words[0] === master) announce(words[3] ?? '', words[4] ?? '');
        break;
      // slave <name> <host> <port> @ <master> <host> <port>
      case '+failover-state-send-slaveof-noone':
        if (words[5] === master) failingOverUntil = performance.now() + maxPromotionMs;
        break;
      case '+promoted-slave':
        if (words[5] === master) announce(words[2] ?? '', words[3] ?? '');
        break;
      // master <master> <host> <port>: one of -failover-abort-*.
      default:
        if (words[1] === master) failingOverUntil = 0;
    }
  };
  const watches = options.nodes.map((node) => watch(node, options, { master, announce, onMessage }));
  return {
    get isFailingOver() {
      return performance.now() < failingOverUntil;
    },
    get switches() {
      return switches;
    },
    mayServe({ remoteAddress = '', remotePort }) {
      // A host name may resolve to any address.
      if (announced === undefined || isIP(announced.host) === 0) return true;
      return remoteAddress.replace(/^::ffff:/, '') === announced.host && remotePort === announced.port;
    },
    setCredentials: ({ sentinel, tls }) => {
      for (const { client } of watches) replaceCredentials(client, { ...noCredentials, ...sentinel, tls });
    },
    close: () => {
      for (const { stop } of watches) stop();
    },
  };
}

interface Announcements {
  readonly master: string;
  readonly announce: (host: string, port: string) => void;
  readonly onMessage: (channel: string, message: string) => void;
}

/** Keeps a connection to one Sentinel. */
function watch(
  node: Address,
  options: RedisConnectionOptions,
  { master, announce, onMessage }: Announcements,
): { readonly client: Redis; readonly stop: () => void } {
  const sentinel = new Redis({ ...sentinelOptions(options), ...node });
  /**
   * The last answer of this Sentinel. One that was unreachable may not know of a switch yet, so only a change of its answer counts.
   */
  let known: string | undefined;
  let isAsking = false;

  const ask = async (): Promise<void> => {
    if (isAsking || sentinel.status !== 'ready') return;
    isAsking = true;
    try {
      const address = (await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master)) as [string, string] | null;
      const [host, port] = address ?? [];
      const isChange = known !== undefined && known !== `${host} ${port}`;
      if (host === undefined || port === undefined) return;
      known = `${host} ${port}`;
      if (isChange) announce(host, port);
    } catch {
      // Another attempt follows, and ioredis replaces a connection that does not answer.
    } finally {
      isAsking = false;
    }
  };

  // The connection that looks up the master reports errors of the Sentinels.
  sentinel.on('error', () => {});
  sentinel.on('message', onMessage);
  sentinel.on('pmessage', (_pattern: string, channel: string, message: string) => onMessage(channel, message));
  sentinel.on('ready', () => {
    const channels = ['+switch-master', '+failover-state-send-slaveof-noone', '+promoted-slave'];
    // If the Sentinel is lost meanwhile, its next `ready` subscribes again.
    Promise.all([sentinel.subscribe(...channels), sentinel.psubscribe('-failover-abort-*')]).then(ask, () => {});
  });
  const timer = setInterval(() => void ask(), pollIntervalMs).unref();
  return {
    client: sentinel,
    stop: () => {
      clearInterval(timer);
      sentinel.disconnect();
    },
  };
}
