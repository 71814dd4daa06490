import { Redis } from 'ioredis';
import type { RedisConfig } from '../../../config/config';
import { formatHostAndPort } from '../../../host-and-port';
import { variable } from '../../../setting-names';
import { sentinelOptions } from '../../../store/redis/connection/client-options';
import { codeOf } from '../../../store/redis/redis-errors';
import { ok, problem, warning } from '../finding';
import type { Finding } from '../finding';

/** With fewer, the loss of one can prevent a failover. */
const minSentinels = 3;

/** What one Sentinel says. */
interface Answer {
  readonly sentinel: string;
  /** Where the master is; `null`: it does not know the name. */
  readonly master: string | null;
  /** How many Sentinels monitor the master, itself included. */
  readonly sentinels: number;
}

interface Failure {
  readonly sentinel: string;
  readonly reason: string;
}

export async function checkSentinels(redis: RedisConfig): Promise<Finding[]> {
  const outcomes = await Promise.all(redis.nodes.map((node) => ask(node, redis)));
  const failures = outcomes.filter((outcome) => 'reason' in outcome);
  const answers = outcomes.filter((outcome) => 'master' in outcome);
  return [
    ...failures.map(({ sentinel, reason }) => ({
      ...warning('Sentinel', reason, 'The others are used meanwhile. Start it, or remove it from the list.'),
      server: sentinel,
    })),
    ...(answers.length === 0 ? [] : [agreement(answers, redis.sentinel?.master ?? ''), count(answers)]),
  ];
}

function agreement(answers: readonly Answer[], name: string): Finding {
  const check = 'Sentinels';
  const masters = [...new Set(answers.map(({ master }) => master ?? 'none'))];
  const [first = ''] = masters;
  if (masters.length > 1) {
    return problem(
      check,
      `they name different masters: ${masters.join(', ')}`,
      'Wait for the failover to end, then look at SENTINEL MASTERS on each.',
    );
  }
  if (first === 'none') {
    return problem(check, `they know no master ${name}`, `Correct ${variable('redisSentinelMaster')}.`);
  }
  return ok(check, `${answers.length} of them name ${first} as the master ${name}`);
}

function count(answers: readonly Answer[]): Finding {
  const check = 'number of Sentinels';
  const most = Math.max(...answers.map(({ sentinels }) => sentinels));
  if (most >= minSentinels) return ok(check, `${most} monitor the master`);
  return warning(
    check,
    `${most} ${most === 1 ? 'monitors' : 'monitor'} the master`,
    `Run at least ${minSentinels}, on different machines: fewer cannot agree on a failover when one is lost.`,
  );
}

async function ask(
  node: { readonly host: string; readonly port: number },
  redis: RedisConfig,
): Promise<Answer | Failure> {
  const sentinel = formatHostAndPort(node);
  const client = new Redis({ ...sentinelOptions(redis), ...node, lazyConnect: true });
  let trouble: NodeJS.ErrnoException | undefined;
  client.on('error', (error: NodeJS.ErrnoException) => (trouble ??= error));
  try {
    await client.connect();
    const master = redis.sentinel?.master ?? '';
    const address = (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master)) as [string, string] | null;
    const others = address === null ? [] : ((await client.call('SENTINEL', 'SENTINELS', master)) as unknown[]);
    const where = address && formatHostAndPort({ host: address[0], port: Number(address[1]) });
    return { sentinel, master: where, sentinels: others.length + 1 };
  } catch (error) {
    return { sentinel, reason: trouble?.code ?? codeOf(trouble) ?? codeOf(error) ?? 'no answer' };
  } finally {
    client.disconnect();
  }
}
