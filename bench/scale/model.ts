/** The costs of a web request, which opens a session and may change it. costs.ts measures them. */
export interface RequestCosts {
  /** CPU time per request, in µs. */
  readonly appUs: number;
  readonly sidecarUs: number;
  /** CPU time of all masters and of all replicas per request, in µs. */
  readonly redisUs: number;
  readonly replicaUs: number;
  /** Network traffic of Redis per request, in both directions: with sidecars, and with replicas. */
  readonly redisBytes: number;
  readonly replicationBytes: number;
  /** Memory of a master per session. */
  readonly sessionBytes: number;
  /** Resident memory of a sidecar under load. */
  readonly sidecarMemoryBytes: number;
  /** Connections of one sidecar to each master. */
  readonly connections: number;
}

/** The costs and savings of sessions in the client's cache. */
export interface CacheCosts {
  /** The CPU time that a live read saves in app, sidecar and Redis, in µs. */
  readonly savedUs: number;
  /** The CPU time of reporting a change to one sidecar and from there to its client, in µs. */
  readonly reportUs: { readonly redis: number; readonly sidecar: number; readonly app: number };
  /** The memory that Redis uses to track a key that a sidecar has read. */
  readonly trackedKeyBytes: number;
}

export interface Demand {
  /** The number of stored sessions. */
  readonly sessions: number;
  /** The share of sessions whose visitors are active, from 0 to 1. */
  readonly activeShare: number;
  /** The time between two requests of an active visitor. */
  readonly secondsBetweenRequests: number;
  /** The share of requests that change the session, from 0 to 1. */
  readonly writeShare: number;
}

/** Assumptions of the plan that are not measured. */
export interface Sizing {
  /** Requests per second and pod. Depends on the application. */
  readonly requestsPerPod: number;
  /** The memory of a Redis server, and the shares of its memory and of a core that are used. */
  readonly redisMemoryBytes: number;
  readonly redisMemoryUse: number;
  readonly redisCpuUse: number;
  /** `maxclients` and `tracking-table-max-keys` of Redis. */
  readonly maxClients: number;
  readonly maxTrackedKeys: number;
  /** The maximum time that a session is live, in seconds: the touch interval. */
  readonly liveSeconds: number;
}

export const defaultSizing: Sizing = {
  requestsPerPod: 500,
  redisMemoryBytes: 16 * 2 ** 30,
  redisMemoryUse: 0.6,
  redisCpuUse: 0.5,
  maxClients: 10_000,
  maxTrackedKeys: 1_000_000,
  liveSeconds: 60,
};

export interface Deployment {
  readonly requestsPerSecond: number;
  readonly pods: number;
  readonly sidecarCoresPerPod: number;
  readonly sidecarMemoryBytes: number;
  /** 1, or at least 3 for a Redis Cluster. Each has a replica. */
  readonly masters: number;
  /** The resource that determines the number of masters. */
  readonly mastersFor: 'memory' | 'CPU';
  readonly redisBytes: number;
  readonly redisCores: number;
  /** The traffic of each master with sidecars and with its replica, in bytes per second. */
  readonly masterTraffic: number;
  readonly totalTraffic: number;
  /** Must not exceed `maxclients`. */
  readonly connectionsPerMaster: number;
}

export function deploymentFor(demand: Demand, costs: RequestCosts, sizing: Sizing): Deployment {
  const rate = requestRateOf(demand);
  const pods = Math.max(1, Math.ceil(rate / sizing.requestsPerPod));
  const redisBytes = demand.sessions * costs.sessionBytes;
  const redisCores = (rate * costs.redisUs) / 1e6;
  const byMemory = Math.ceil(redisBytes / (sizing.redisMemoryBytes * sizing.redisMemoryUse));
  const byCpu = Math.ceil(redisCores / sizing.redisCpuUse);
  const needed = Math.max(byMemory, byCpu, 1);
  const masters = needed === 1 ? 1 : Math.max(3, needed);
  const totalTraffic = rate * (costs.redisBytes + costs.replicationBytes);
  return {
    requestsPerSecond: rate,
    pods,
    sidecarCoresPerPod: ((rate / pods) * costs.sidecarUs) / 1e6,
    sidecarMemoryBytes: pods * costs.sidecarMemoryBytes,
    masters,
    mastersFor: byMemory >= byCpu ? 'memory' : 'CPU',
    redisBytes,
    redisCores,
    masterTraffic: totalTraffic / masters,
    totalTraffic,
    connectionsPerMaster: pods * costs.connections,
  };
}

export function requestRateOf({ sessions, activeShare, secondsBetweenRequests }: Demand): number {
  return (sessions * activeShare) / secondsBetweenRequests;
}

/** Whether a visitor's requests reach any pod, or always the same one. */
export type Routing = 'any pod' | 'same pod';

/**
 * The share of opened sessions that are live. After each request, three events race: the next request through the same pod, a
 * change through another pod, and the end of the touch interval. The session is live if the first one wins.
 */
export function liveShare(sidecars: number, routing: Routing, demand: Demand, { liveSeconds }: Sizing): number {
  const { own, foreignChanges } = ratesAt(sidecars, routing, demand);
  return own / (own + foreignChanges + 1 / liveSeconds);
}

/** The number of other sidecars that receive a change: those that have read the session since it was last changed elsewhere. */
export function reportsPerChange(sidecars: number, routing: Routing, demand: Demand): number {
  const { own, foreignChanges } = ratesAt(sidecars, routing, demand);
  if (routing === 'same pod') return 0;
  return (sidecars - 1) * (own / (own + foreignChanges));
}

/** The rates of an active session, per second: requests through one pod, and changes through all other pods. */
function ratesAt(sidecars: number, routing: Routing, { secondsBetweenRequests, writeShare }: Demand) {
  const rate = 1 / secondsBetweenRequests;
  if (routing === 'same pod') return { own: rate, foreignChanges: 0 };
  return { own: rate / sidecars, foreignChanges: rate * writeShare * (1 - 1 / sidecars) };
}

export interface FeedCosts {
  readonly liveShare: number;
  readonly reportsPerChange: number;
  /** CPU time of all processes that live reads save, and that reports cost, in cores. */
  readonly savedCores: number;
  readonly feedCores: number;
  /** CPU time of Redis alone if it reported each change to every sidecar (`BCAST`), in cores. */
  readonly broadcastCores: number;
}

export function feedCosts(
  sidecars: number,
  routing: Routing,
  demand: Demand,
  { savedUs, reportUs }: CacheCosts,
  sizing: Sizing,
): FeedCosts {
  const rate = sidecars * sizing.requestsPerPod;
  const changes = rate * demand.writeShare;
  const live = liveShare(sidecars, routing, demand, sizing);
  const reports = reportsPerChange(sidecars, routing, demand);
  return {
    liveShare: live,
    reportsPerChange: reports,
    savedCores: (rate * live * savedUs) / 1e6,
    feedCores: (changes * reports * (reportUs.redis + reportUs.sidecar + reportUs.app)) / 1e6,
    broadcastCores: (changes * (sidecars - 1) * reportUs.redis) / 1e6,
  };
}

/** Finds the smallest number of sidecars that meets a condition. Returns `undefined` if no number up to 100,000 does. */
export function fewestSidecars(holds: (sidecars: number) => boolean): number | undefined {
  for (let sidecars = 2; sidecars <= 100_000; sidecars = Math.max(sidecars + 1, Math.round(sidecars * 1.01))) {
    if (holds(sidecars)) return sidecars;
  }
  return undefined;
}
