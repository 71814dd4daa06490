/** What a deployment needs, out of measured costs. Pure: what is measured, and on what, is in costs.ts. */

/** Costs of a web request: one session is opened and, by some requests, changed. */
export interface RequestCosts {
  /** CPU time per request, in µs. */
  readonly appUs: number;
  readonly sidecarUs: number;
  /** Of all masters together, and of their replicas. */
  readonly redisUs: number;
  readonly replicaUs: number;
  /** Network traffic of Redis with sidecars, both ways, and with replicas, per request. */
  readonly redisBytes: number;
  readonly replicationBytes: number;
  /** Of a master, per session. */
  readonly sessionBytes: number;
  /** Resident, of a sidecar under load. */
  readonly sidecarMemoryBytes: number;
  /** Of one sidecar to one master. */
  readonly connections: number;
}

/** Costs of sessions in the client's cache, in µs of CPU time. */
export interface CacheCosts {
  /** What a live read saves: a read without the cache, in app, sidecar and Redis, less one from memory. */
  readonly savedUs: number;
  /** A change that Redis reports to a sidecar and that to its client. */
  readonly reportUs: { readonly redis: number; readonly sidecar: number; readonly app: number };
  /** What a key that a sidecar has read takes in Redis. */
  readonly trackedKeyBytes: number;
}

export interface Demand {
  /** Stored at a time. */
  readonly sessions: number;
  /** The part of them whose visitors are there. */
  readonly activeShare: number;
  /** Between two requests of an active visitor. */
  readonly secondsBetweenRequests: number;
  /** The part of requests that change the session. */
  readonly writeShare: number;
}

/** What is planned with, whatever is measured. */
export interface Sizing {
  /** What a pod serves; determined by the application. */
  readonly requestsPerPod: number;
  /** Of a Redis server, and how far it is used. */
  readonly redisMemoryBytes: number;
  readonly redisMemoryUse: number;
  readonly redisCpuUse: number;
  /** `maxclients` and `tracking-table-max-keys` of Redis. */
  readonly maxClients: number;
  readonly maxTrackedKeys: number;
  /** For how long a session is live at most, in seconds: the touch interval. */
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
  /** 1, or at least 3: a Redis Cluster. Each has a replica. */
  readonly masters: number;
  /** What determines their number. */
  readonly mastersFor: 'memory' | 'CPU';
  readonly redisBytes: number;
  readonly redisCores: number;
  /** Of each master to sidecars and to its replica, in bytes per second. */
  readonly masterTraffic: number;
  readonly totalTraffic: number;
  /** Of each master; more than `maxclients` do not fit. */
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

/** How requests of a visitor reach pods: any of them, or always the same. */
export type Routing = 'any pod' | 'same pod';

/**
 * The part of opened sessions that are live. Three things race after each request: another through the same pod, a change through
 * another pod, and the end of the time for which a session is live; the first one decides.
 */
export function liveShare(sidecars: number, routing: Routing, demand: Demand, { liveSeconds }: Sizing): number {
  const { own, foreignChanges } = ratesAt(sidecars, routing, demand);
  return own / (own + foreignChanges + 1 / liveSeconds);
}

/** To how many other sidecars Redis reports a change: those that have read the session since it was last changed elsewhere. */
export function reportsPerChange(sidecars: number, routing: Routing, demand: Demand): number {
  const { own, foreignChanges } = ratesAt(sidecars, routing, demand);
  if (routing === 'same pod') return 0;
  return (sidecars - 1) * (own / (own + foreignChanges));
}

/** Of one session that is in use: requests through one pod, and changes through all others. */
function ratesAt(sidecars: number, routing: Routing, { secondsBetweenRequests, writeShare }: Demand) {
  const rate = 1 / secondsBetweenRequests;
  if (routing === 'same pod') return { own: rate, foreignChanges: 0 };
  return { own: rate / sidecars, foreignChanges: rate * writeShare * (1 - 1 / sidecars) };
}

export interface FeedCosts {
  readonly liveShare: number;
  readonly reportsPerChange: number;
  /** Of all processes, in cores. */
  readonly savedCores: number;
  readonly feedCores: number;
  /** Of Redis alone, if it reported each change to every sidecar (`BCAST`), in cores. */
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

/** The smallest number of sidecars for which something holds; `undefined`: none up to 100,000. */
export function fewestSidecars(holds: (sidecars: number) => boolean): number | undefined {
  for (let sidecars = 2; sidecars <= 100_000; sidecars = Math.max(sidecars + 1, Math.round(sidecars * 1.01))) {
    if (holds(sidecars)) return sidecars;
  }
  return undefined;
}
