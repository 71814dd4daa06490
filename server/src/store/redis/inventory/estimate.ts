import type { SessionEstimate } from '../../../session/admin/session-inventory';
import type { Server } from '../connection/redis-connection';
import { answered } from './server-scan';
import type { ScanKeys } from './server-scan';

/** Keys that are looked at to find out which share of all keys are sessions. */
const sampleSize = 1000;

/** Standard deviations on both sides of the mean that 95 % of a normal distribution are within. */
const z = 1.96;

/** Keys are in the order of their hashes, so the first ones that SCAN returns are a random sample. */
export async function estimateServer({ client }: Server, keys: ScanKeys): Promise<SessionEstimate> {
  const [total, [cursor, sample]] = await answered(
    Promise.all([client.dbsize(), client.scan('0', 'COUNT', sampleSize)]),
  );
  const sessions = sample.filter((key) => keys.handleOf(key) !== undefined).length;
  if (cursor === '0') return { count: sessions, low: sessions, high: sessions };
  return estimateOf(total, sample.length, sessions);
}

/**
 * The Wilson score interval of the share, which also holds for shares close to 0 and 1
 * (https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm).
 *
 * @param total number of keys
 * @param size of the sample
 * @param sessions in the sample
 */
export function estimateOf(total: number, size: number, sessions: number): SessionEstimate {
  if (size === 0) return { count: 0, low: 0, high: total };
  const share = sessions / size;
  const center = share + z ** 2 / (2 * size);
  const margin = z * Math.sqrt((share * (1 - share)) / size + z ** 2 / (4 * size ** 2));
  const scale = total / (1 + z ** 2 / size);
  return {
    count: Math.round(total * share),
    low: Math.max(sessions, Math.floor((center - margin) * scale)),
    high: Math.min(total - (size - sessions), Math.ceil((center + margin) * scale)),
  };
}

export function sumOf(estimates: readonly SessionEstimate[]): SessionEstimate {
  return estimates.reduce((sum, { count, low, high }) => ({
    count: sum.count + count,
    low: sum.low + low,
    high: sum.high + high,
  }));
}
