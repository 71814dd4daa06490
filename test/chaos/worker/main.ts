// A calling process. The checker forks it, and exchanges messages with it.
import { now } from '../clock';
import type { Operation, Stall } from '../history';
import { createRandom } from '../random';
import { openConnection } from './connection';
import type { Connection } from './connection';
import type { LaneContext } from './lane-calls';
import { runIdleLane, runLane } from './lanes';
import type { FromWorker, SessionNews, ToWorker, WorkerSetup, Workload } from './protocol';
import { Sessions } from './sessions';

const sessions = new Sessions();
let connections: readonly Connection[] = [];
let setup: WorkerSetup;
let lastId = 0;
let isFinishing = false;
let work: Promise<unknown> = Promise.resolve();
let operations: Operation[] = [];
let stalls: Stall[] = [];

function send(message: FromWorker): void {
  process.send?.(message);
}

function flush(): void {
  if (operations.length > 0 || stalls.length > 0) send({ type: 'operations', operations, stalls });
  operations = [];
  stalls = [];
}

function announce(news: SessionNews): void {
  sessions.learn(news);
  send({ type: 'news', news });
}

function begin(workload: Workload): void {
  isFinishing = false;
  sessions.clear();
  const random = createRandom(workload.seed);
  const contextOf = (): LaneContext => ({
    ...{ setup, workload, connections, sessions, announce },
    random: random.fork(),
    nextId: () => `${setup.name}${(lastId++).toString(36)}`,
    record: (operation) => operations.push(operation),
    isFinishing: () => isFinishing,
  });
  // Shared slots come first. The idle slots after them belong to one worker each.
  const firstIdle = workload.sharedSlots + setup.index * workload.idleSlots;
  work = Promise.all([
    ...Array.from({ length: workload.lanes }, () => runLane(contextOf())),
    ...Array.from({ length: workload.idleSlots }, (_, number) => runIdleLane(contextOf(), firstIdle + number)),
  ]);
}

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'setup':
      ({ setup } = message);
      connections = setup.targets.map((target) => openConnection(target, setup));
      send({ type: 'ready' });
      break;
    case 'begin':
      begin(message.workload);
      break;
    case 'news':
      sessions.learn(message.news);
      break;
    case 'finish':
      isFinishing = true;
      void work.then(() => {
        flush();
        send({ type: 'finished' });
      });
      break;
  }
});

process.on('disconnect', () => {
  process.exitCode = 0;
  for (const connection of connections) connection.close();
  clearInterval(reports);
});

const reportEveryMs = 100;
/** A timer that is this late means that the process did not run. */
const stallMs = 100;
let expected = now() + reportEveryMs;
const reports = setInterval(() => {
  const at = now();
  if (at - expected > stallMs) stalls.push({ process: setup.name, from: expected, to: at });
  expected = at + reportEveryMs;
  flush();
}, reportEveryMs);
