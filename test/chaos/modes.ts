import { clientClock, clockWhileHanging, sidecarClock } from './faults/clock';
import { clusterFailover, clusterMasterHang, clusterMasterKill, reshard } from './faults/cluster';
import type { Fault } from './faults/fault';
import { storeEvicting, storeFull } from './faults/memory';
import { blackHole, cut, cutInReply, forgotten, halfOpen, loseOne, moveMaster, refuse, slow } from './faults/network';
import { busyScript, clientKill, clientPause, demote, scriptFlush } from './faults/redis-commands';
import { freeze, restartEmpty, restartFromFile } from './faults/redis-process';
import { changeKeys, turnOffAndOn } from './faults/encryption';
import { masterHang, masterKill, plannedFailover, sentinelKill } from './faults/sentinel';
import { kill, stop, terminate } from './faults/sidecar';
import { startCluster } from './topology/cluster';
import { startSentinel } from './topology/sentinel';
import type { SidecarSetup } from './topology/sidecar';
import { startProxied, startSingle } from './topology/single';
import type { World } from './topology/world';
import type { Random } from './random';

/** A way to deploy Redis and the sidecars, and the faults to inject. */
export interface Mode<W extends World = World> {
  readonly name: string;
  readonly about: string;
  start(setup: SidecarSetup, random: Random): Promise<W>;
  /** The more often a fault is listed, the more often it is chosen. */
  readonly faults: readonly Fault<W>[];
  /** Faults of sidecars that may be injected at the same time as one of `faults`. */
  readonly besides: readonly Fault[];
  /** The settings of the near cache to run with. */
  readonly nearCache: readonly boolean[];
  /** Whether the callers' typed sessions have a cache. Default: no. */
  readonly clientCache?: boolean;
  /** Whether sessions belong to users, and events are watched. Default: no. */
  readonly users?: boolean;
  /** Whether users may have only so many sessions. Default: no. */
  readonly limited?: boolean;
  /** Whether an operator ends sessions, too. Default: no. */
  readonly operator?: boolean;
  /** Whether sessions are encrypted. Default: no. */
  readonly encrypted?: boolean;
  /** The sidecar that only serves reads. Default: the seed chooses one or none. */
  readonly readingSidecar?: string;
}

const sidecarFaults = [terminate, kill, stop];
const offAndOn = [false, true];
const inMemory = ['--appendonly', 'no'];

/** Checks that a mode's faults fit the world that it starts, and hides the type of that world. */
function mode<W extends World>(definition: Mode<W>): Mode {
  return definition;
}

export const modes: readonly Mode[] = [
  mode({
    name: 'single',
    about: 'one Redis without persistence, over TCP and a Unix socket',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [restartEmpty, freeze, freeze, scriptFlush, clientKill, clientPause, busyScript, demote],
    besides: sidecarFaults,
    nearCache: offAndOn,
  }),
  mode({
    name: 'single-aof',
    about: 'one Redis with an append-only file that is synced on every change',
    start: (setup) => startSingle(setup, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] }),
    faults: [restartFromFile, restartFromFile, freeze, scriptFlush],
    besides: sidecarFaults,
    nearCache: offAndOn,
  }),
  mode({
    name: 'proxy',
    about: 'a failing network in front of Redis and the sidecars, and a failover behind a fixed address',
    start: startProxied,
    faults: [cut, cutInReply, halfOpen, halfOpen, forgotten, forgotten, blackHole, refuse, slow, moveMaster],
    besides: sidecarFaults,
    nearCache: offAndOn,
  }),
  mode({
    name: 'near-cache',
    about: 'a sidecar with a near cache that only serves reads, and silently loses one of its connections',
    start: startProxied,
    faults: [loseOne, loseOne, loseOne, moveMaster],
    besides: [],
    nearCache: [true],
    readingSidecar: 'a',
  }),
  mode({
    name: 'client-cache',
    about: 'clients with a cache, a failing network and failing sidecars',
    start: startProxied,
    faults: [loseOne, loseOne, halfOpen, forgotten, blackHole, slow, cut, moveMaster],
    besides: sidecarFaults,
    nearCache: offAndOn,
    clientCache: true,
  }),
  mode({
    name: 'client-cache-restart',
    about: 'clients with a cache, a Redis that loses sessions or hangs, and sidecars that are restarted or stopped',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [terminate, kill, stop, stop, restartEmpty, freeze, clientKill, storeEvicting],
    besides: [],
    nearCache: offAndOn,
    clientCache: true,
  }),
  mode({
    name: 'client-cache-failover',
    about: 'clients with a cache, and a master that is replaced',
    start: startSentinel,
    faults: [plannedFailover, masterKill, masterHang],
    besides: sidecarFaults,
    nearCache: offAndOn,
    clientCache: true,
  }),
  mode({
    name: 'sentinel',
    about: 'a master, two replicas and three Sentinels',
    start: startSentinel,
    faults: [plannedFailover, masterKill, masterHang, sentinelKill],
    besides: sidecarFaults,
    nearCache: offAndOn,
  }),
  mode({
    name: 'cluster',
    about: 'a Redis Cluster of three masters, each with a replica',
    start: (setup, random) => startCluster(setup, { needsFullCoverage: random.chance(0.5) }),
    faults: [clusterFailover, clusterMasterKill, clusterMasterHang, reshard],
    besides: sidecarFaults,
    nearCache: [false],
  }),
  mode({
    name: 'memory-pressure',
    about: 'a full Redis that rejects writes or evicts keys',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [storeFull, storeEvicting],
    besides: sidecarFaults,
    nearCache: offAndOn,
  }),
  mode({
    name: 'clock',
    about: 'steps of the wall clocks of sidecars and callers',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [sidecarClock, clientClock, clockWhileHanging],
    besides: [],
    nearCache: offAndOn,
  }),
  mode({
    name: 'sidecar-restart',
    about: 'sidecars that are terminated, killed or stopped',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [terminate, terminate, kill, stop],
    besides: [],
    nearCache: offAndOn,
  }),
  mode({
    name: 'users',
    about: "users' sessions, leases, graces and events; one Redis",
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [terminate, kill, stop, stop, freeze, clientKill, clientPause, scriptFlush, demote, restartEmpty],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
  }),
  mode({
    name: 'users-aof',
    about: 'the same; one Redis with an append-only file that is synced on every change',
    start: (setup) => startSingle(setup, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] }),
    faults: [restartFromFile, restartFromFile, freeze, terminate, kill],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
  }),
  mode({
    name: 'users-proxy',
    about: 'the same; a failing network in front of Redis and the sidecars',
    start: startProxied,
    faults: [cut, cutInReply, halfOpen, forgotten, blackHole, refuse, slow, moveMaster],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
  }),
  mode({
    name: 'users-sentinel',
    about: 'the same; a master, two replicas and three Sentinels',
    start: startSentinel,
    faults: [plannedFailover, masterKill, masterHang, sentinelKill],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
  }),
  mode({
    name: 'users-cluster',
    about: 'the same; a Redis Cluster of three masters, each with a replica',
    start: (setup, random) => startCluster(setup, { needsFullCoverage: random.chance(0.5) }),
    faults: [clusterFailover, clusterMasterKill, clusterMasterHang, reshard],
    besides: sidecarFaults,
    nearCache: [false],
    users: true,
  }),
  mode({
    name: 'users-limited',
    about: 'the same, and a limit of sessions for each user, and an operator who ends sessions; one Redis',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [terminate, kill, stop, stop, freeze, clientKill, clientPause, demote, restartEmpty],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
    limited: true,
    operator: true,
  }),
  mode({
    name: 'encrypted',
    about: 'users and their sessions, encrypted with keys that change; one Redis',
    start: (setup) => startSingle(setup, { args: inMemory }),
    faults: [changeKeys, changeKeys, changeKeys, turnOffAndOn, kill, stop, freeze, clientKill],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
    encrypted: true,
  }),
  mode({
    name: 'encrypted-failover',
    about: 'the same; a master, two replicas and three Sentinels',
    start: startSentinel,
    faults: [changeKeys, changeKeys, plannedFailover, masterKill, masterHang],
    besides: sidecarFaults,
    nearCache: offAndOn,
    users: true,
    encrypted: true,
  }),
];
