import { beforeEach, describe, expect, test } from '@jest/globals';
import { ServingStatus } from '../../server/src/serving-status';

const since = Date.UTC(2026, 0, 1);
const redis = { name: 'redis', ready: true, reason: undefined, since };
const away = { ...redis, ready: false, reason: 'no answer' };

let store: { ready: boolean; parts: (typeof redis | typeof away)[] };
let grpc: { draining: boolean; setServing: (serving: boolean) => void };
let served: boolean[];
let log: string[];
let status: ServingStatus;

beforeEach(() => {
  store = { ready: true, parts: [redis] };
  served = [];
  grpc = { draining: false, setServing: (serving) => served.push(serving) };
  log = [];
  const logger = {
    info: (message: string) => log.push(message),
    warn: (_fields: object, message: string) => log.push(message),
  };
  status = new ServingStatus(() => store, logger as never);
});

function change(ready: boolean): void {
  store = { ready, parts: [ready ? redis : away] };
  status.storeChanged(ready);
}

describe('readiness', () => {
  test('needs a gRPC server that is not draining', () => {
    expect(status.readiness).toMatchObject({ ready: false, parts: [redis, { name: 'grpc', reason: 'draining' }] });
    status.grpcStarted(grpc);
    expect(status.readiness).toMatchObject({ ready: true, parts: [redis, { name: 'grpc', reason: undefined }] });
    grpc.draining = true;
    expect(status.readiness).toMatchObject({ ready: false, parts: [redis, { name: 'grpc', reason: 'draining' }] });
  });

  test('needs the store', () => {
    status.grpcStarted(grpc);
    change(false);
    expect(status.readiness).toMatchObject({ ready: false, parts: [away, { name: 'grpc', ready: true }] });
  });
});

test('grpc.health.v1 follows the store once there is a gRPC server', () => {
  change(false);
  change(true);
  expect(served).toEqual([]);
  status.grpcStarted(grpc);
  change(false);
  change(true);
  expect(served).toEqual([true, false, true]);
});

test('a lost connection is logged, unless the sidecar is stopping', () => {
  status.grpcStarted(grpc);
  change(false);
  change(true);
  grpc.draining = true;
  change(false);
  expect(log).toEqual(['lost the connection to Redis', 'connected to Redis']);
});

test('storeReady() resolves when the store becomes usable, or after its limit', async () => {
  await status.storeReady(3_600_000);
  store = { ready: false, parts: [away] };
  await status.storeReady(0);
  const ready = status.storeReady(3_600_000);
  change(true);
  await ready;
});
