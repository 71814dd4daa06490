import { markdownTable } from '../src/report';
import type { Check } from './check';
import { deploymentFor, feedCosts, fewestSidecars } from './model';
import type { CacheCosts, Demand, RequestCosts, Routing, Sizing } from './model';

export interface ScaleReport {
  /** The date of the measurement, ISO 8601. */
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly onOne: RequestCosts;
  readonly onCluster: RequestCosts;
  readonly cache: CacheCosts;
  readonly checks: readonly Check[];
  readonly demands: readonly Demand[];
  readonly sizing: Sizing;
}

const sidecarCounts = [2, 10, 100, 1000, 10_000];
const routings: readonly Routing[] = ['any pod', 'same pod'];
/** A change feed that takes more than this share of a core of Redis counts as expensive. */
const expensiveCores = 0.1;

/** The page: limits, deployments, the cost of the change feed, and the checks of the model. */
export function scalePage(report: ScaleReport): string {
  const { date, machine, versions, demands, sizing, checks } = report;
  const [demand] = demands as [Demand];
  const sections = [
    '# What many sessions need',
    'Written by `npm run bench:scale`; [its page](../scale/README.md) describes the model.',
    `Measured on ${date.slice(0, 10)}: ${machine}; ${versions}.`,
    '## Limits first',
    limits(report).join('\n'),
    '## Deployments',
    `Sessions of about 300 bytes; ${percent(demand.activeShare)} of them in use, with a request every ${demand.secondsBetweenRequests} s, of which ${percent(demand.writeShare)} write; ${sizing.requestsPerPod} requests per second in each pod; Redis servers of ${gibibytes(sizing.redisMemoryBytes)}, used up to ${percent(sizing.redisMemoryUse)} of their memory and ${percent(sizing.redisCpuUse)} of a core, each with a replica.`,
    deploymentTable(report),
    '## The change feed as sidecars grow',
    'Clients with a cache, one Redis. `saved` is the CPU time that live reads save in app, sidecar and Redis; `feed` is what reports of changes cost there; `BCAST` is what Redis alone would spend if it reported each change to every sidecar.',
    feedTable(report),
    '## Checks',
    'The model predicts from the costs on one Redis; the measurements are of three masters with replicas, and of two pods. Deployments with more than one master are computed with the costs of the Cluster.',
    markdownTable(
      ['what', 'predicted', 'measured', 'measured / predicted'],
      checks.map(({ what, unit, predicted, measured }) => [
        what,
        `${figure(predicted)} ${unit}`.trim(),
        `${figure(measured)} ${unit}`.trim(),
        `${figure(measured / predicted)}x`,
      ]),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function costsFor(demand: Demand, { onOne, onCluster, sizing }: ScaleReport) {
  const single = deploymentFor(demand, onOne, sizing);
  return single.masters === 1 ? single : deploymentFor(demand, onCluster, sizing);
}

function limits(report: ScaleReport): string[] {
  const { demands, sizing, cache } = report;
  return [
    ...demands.flatMap((demand) => {
      const { masters, connectionsPerMaster } = costsFor(demand, report);
      const sessions = words(demand.sessions);
      const tracked = demand.sessions * (1 - demand.writeShare);
      return [
        ...(masters > 1
          ? [
              `- ${sessions} sessions need a Redis Cluster, and with one the client's cache only validates: no read is live.`,
            ]
          : tracked > sizing.maxTrackedKeys
            ? [
                `- ${sessions} sessions on one Redis: up to ${words(tracked)} keys are tracked for clients with a cache, ${gibibytes(tracked * cache.trackedKeyBytes)} of Redis. Its default, ${words(sizing.maxTrackedKeys)}, ends live copies early; raise \`tracking-table-max-keys\`.`,
              ]
            : []),
        ...(connectionsPerMaster > sizing.maxClients
          ? [
              `- ${sessions} sessions: ${words(connectionsPerMaster)} connections to each Redis server; its \`maxclients\` of ${words(sizing.maxClients)} must be raised.`,
            ]
          : []),
      ];
    }),
    ...narrowing(report),
  ];
}

/** The numbers of sidecars from which on a change must be reported only to the sidecars that hold the session. */
function narrowing({ demands, cache, sizing }: ScaleReport): string[] {
  const [demand] = demands as [Demand];
  const at = (sidecars: number, routing: Routing) => feedCosts(sidecars, routing, demand, cache, sizing);
  const broadcast = fewestSidecars((sidecars) => at(sidecars, 'any pod').broadcastCores > expensiveCores);
  const useless = fewestSidecars((sidecars) => {
    const { feedCores, savedCores } = at(sidecars, 'any pod');
    return feedCores > savedCores;
  });
  return [
    `- A feed of all changes to every sidecar would take more than ${percent(expensiveCores)} of a core of Redis ${from(broadcast)}. Redis reports only what a sidecar has read, at most ${figure(1 / demand.writeShare)} reports per change however many sidecars there are.`,
    `- Where requests of a visitor reach any pod, the feed costs more CPU time than live reads save ${from(useless)}: from there, it must be narrowed to what a sidecar still holds, or visitors be routed to the same pod.`,
  ];
}

function from(sidecars: number | undefined): string {
  return sidecars === undefined ? 'with no number of sidecars up to 100,000' : `from ${words(sidecars)} sidecars on`;
}

function deploymentTable(report: ScaleReport): string {
  const all = report.demands.map((demand) => costsFor(demand, report));
  const row = (name: string, text: (one: (typeof all)[number]) => string) => [name, ...all.map(text)];
  return markdownTable(
    ['', ...report.demands.map(({ sessions }) => `${words(sessions)} sessions`)],
    [
      row('requests per second', ({ requestsPerSecond }) => words(requestsPerSecond)),
      row('pods, each with a sidecar', ({ pods }) => words(pods)),
      row('CPU of each sidecar', ({ sidecarCoresPerPod }) => `${figure(sidecarCoresPerPod)} cores`),
      row('memory of all sidecars', ({ sidecarMemoryBytes }) => gibibytes(sidecarMemoryBytes)),
      row('Redis masters, as many replicas', ({ masters, mastersFor }) => `${words(masters)}, for ${mastersFor}`),
      row('memory of sessions, without replicas', ({ redisBytes }) => gibibytes(redisBytes)),
      row('CPU of all masters', ({ redisCores }) => `${figure(redisCores)} cores`),
      row('traffic of each master', ({ masterTraffic }) => megabits(masterTraffic)),
      row('traffic of all masters', ({ totalTraffic }) => megabits(totalTraffic)),
      row('connections to each master', ({ connectionsPerMaster }) => words(connectionsPerMaster)),
    ],
  );
}

function feedTable({ demands, cache, sizing }: ScaleReport): string {
  const [demand] = demands as [Demand];
  return markdownTable(
    ['sidecars', "a visitor's requests reach", 'live', 'reports per change', 'saved', 'feed', 'BCAST'],
    routings.flatMap((routing) =>
      sidecarCounts.map((sidecars) => {
        const { liveShare, reportsPerChange, savedCores, feedCores, broadcastCores } = feedCosts(
          sidecars,
          routing,
          demand,
          cache,
          sizing,
        );
        const cores = [savedCores, feedCores, broadcastCores].map((count) => `${figure(count)} cores`);
        return [words(sidecars), routing, percent(liveShare), figure(reportsPerChange), ...cores];
      }),
    ),
  );
}

const gibibytes = (bytes: number): string => `${figure(bytes / 2 ** 30)} GiB`;
const megabits = (bytesPerSecond: number): string => `${figure((bytesPerSecond * 8) / 1e6)} Mbit/s`;
const words = (count: number): string => Math.round(count).toLocaleString('en', { maximumSignificantDigits: 3 });
const percent = (share: number): string =>
  share.toLocaleString('en', { style: 'percent', maximumSignificantDigits: 3 });

function figure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
