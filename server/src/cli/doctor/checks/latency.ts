import type { Redis } from 'ioredis';
import { variable } from '../../../setting-names';
import { msText } from '../../units';
import { ok, unknown, warning } from '../finding';
import type { Finding } from '../finding';

/** Round trips that are measured, one after the other. */
const rounds = 50;

/** A Redis in the same zone answers in less. */
const farMs = 5;

/** Of the clocks: more shows that one is not synchronized. */
const maxClockDifferenceMs = 1_000;

/** What the heartbeat of the sidecar sends, and needs no other permission than it. */
const script = "#!lua flags=allow-oom\nreturn redis.call('TIME')";

export interface Timing {
  /** Of the round trips, ascending, in ms. */
  readonly roundTripsMs: readonly number[];
  /** How far the clock of Redis is ahead of that of this machine, in ms, known to half of the shortest round trip. */
  readonly clockAheadMs: number;
}

/** @returns `undefined` if Redis does not run the script */
export async function measure(client: Redis): Promise<Timing | undefined> {
  const samples: { readonly tookMs: number; readonly aheadMs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const [sentAt, now] = [performance.now(), Date.now()];
    const reply = await client.eval(script, 0).catch(() => undefined);
    if (reply === undefined) return undefined;
    const [seconds, microseconds] = reply as [string, string];
    const tookMs = performance.now() - sentAt;
    samples.push({ tookMs, aheadMs: Number(seconds) * 1000 + Number(microseconds) / 1000 - (now + tookMs / 2) });
  }
  samples.sort((one, other) => one.tookMs - other.tookMs);
  return { roundTripsMs: samples.map(({ tookMs }) => tookMs), clockAheadMs: samples[0]!.aheadMs };
}

/** @param timeoutMs of one command of the sidecar */
export function checkLatency(timing: Timing | undefined, timeoutMs: number): Finding {
  const check = 'latency';
  if (timing === undefined) return unknown(check, 'Redis does not run scripts', 'See the permissions.');
  const { roundTripsMs } = timing;
  const median = roundTripsMs[Math.floor(roundTripsMs.length / 2)]!;
  const max = roundTripsMs.at(-1)!;
  const found = `median ${msText(median)}, longest ${msText(max)} of ${roundTripsMs.length}`;
  if (max > timeoutMs / 2) {
    return warning(
      check,
      found,
      `That is more than half of ${variable('redisCommandTimeoutMs')} (${timeoutMs} ms): calls will fail with STORE_UNAVAILABLE. Find what delays Redis (SLOWLOG, LATENCY DOCTOR, its CPU), or raise it.`,
    );
  }
  if (median <= farMs) return ok(check, found);
  return warning(check, found, 'Every call waits this long. Run Redis in the same zone as the application.');
}

export function checkClock(timing: Timing | undefined): Finding {
  const check = 'clock';
  if (timing === undefined) return unknown(check, 'Redis does not run scripts', 'See the permissions.');
  const difference = Math.abs(timing.clockAheadMs);
  const found = `${msText(difference)} ${timing.clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine`;
  if (difference <= maxClockDifferenceMs) return ok(check, found);
  return warning(
    check,
    found,
    "The clock of Redis decides when sessions expire, so their times differ from the application's clock by that. Synchronize both with NTP.",
  );
}
