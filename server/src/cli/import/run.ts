import { loadLiveConfig } from '../../config';
import type { Config, RedisConfig } from '../../config/config';
import { SessionError } from '../../session/errors';
import { codeOf, toStoreError } from '../../store/redis/redis-errors';
import { CliError, isCliError, usageError } from '../cli-error';
import type { Invocation } from '../command';
import type { Exit } from '../exit-codes';
import type { Format } from './formats/format';
import { Importer } from './importer';
import type { JsonPointer } from './json-pointer';
import { Pace } from './pace';
import { patient } from './patience';
import { showProgress } from './progress';
import { printResult, resultOf } from './report';
import { Results } from './results';
import { connectSource, locationOf, sourceOf } from './source';
import { SourceServer } from './source-server';
import { openTarget } from './target';
import type { Target } from './target';
import { Walk } from './walk';

/** By its attribute names, as the options of all formats have them. */
interface ImportOptions {
  readonly prefix: string;
  readonly subject?: JsonPointer;
  readonly ttl?: number;
  readonly rate?: number;
  readonly dryRun?: boolean;
  readonly again?: boolean;
}

const maxKeysPerStep = 500;
/** JSON escapes characters, so a record may be this many times as long as its session. */
const maxRecordBytesPerSessionByte = 6;

/** @param formatName part of what distinguishes an import from others */
export async function runImport(invocation: Invocation, formatName: string, format: Format): Promise<Exit> {
  const { args, env, readFile, otherWords, output } = invocation;
  const options = invocation.options as unknown as ImportOptions;
  const { config, warnings, advise } = loadLiveConfig({ args, env, readFile, otherWords });
  for (const warning of warnings) output.message(`warning: ${warning}`);
  const redis = redisOf(config);
  const targetConfig = { ...config, store: { kind: 'redis', redis } } as const;
  const source = sourceOf(invocation, redis, advise);
  const isDry = options.dryRun === true;
  const identity = [formatName, options.prefix, locationOf(source.redis)].join(' ');
  const opening = openTarget({ config: targetConfig, redis, advise, source: identity, isDry });
  const target = await opening.catch((error: unknown) => {
    throw explained(error);
  });
  try {
    if (!isDry && (await isDone(target, options, invocation))) return 'ok';
    const { servers, close } = await connectSource(source);
    const keysPerStep = Math.min(maxKeysPerStep, Math.max(10, options.rate ?? maxKeysPerStep));
    const sourceOptions = {
      prefix: options.prefix,
      excluded: source.isTarget && redis.keyPrefix !== '' ? redis.keyPrefix : undefined,
      maxBytes: config.limits.maxSessionBytes * maxRecordBytesPerSessionByte,
      keysPerStep,
    };
    try {
      const sources = servers.map((server) => new SourceServer(server, sourceOptions));
      return await importAll(sources, { target, format, keysPerStep, isDry }, invocation);
    } finally {
      close();
    }
  } catch (error) {
    throw explained(error);
  } finally {
    await target.close();
  }
}

function redisOf({ store }: Config): RedisConfig {
  // An import reads no session twice.
  if (store.kind === 'redis') return { ...patient(store.redis), nearCacheBytes: undefined };
  throw usageError(
    'REDIS_URL: Expected the Redis of the sidecar. Only a sidecar itself can write to the memory store.',
  );
}

/** Another import could bring back sessions that have ended since. */
async function isDone({ progress }: Target, { again }: ImportOptions, { output }: Invocation): Promise<boolean> {
  const completed = again === true ? undefined : await progress.completedAt();
  if (again === true) await progress.forget();
  if (completed === undefined) return false;
  const time = completed.toISOString();
  if (output.isJson) output.json({ completed: time });
  else output.line(`These sessions were imported at ${time}. With --again, those that have ended since come back.`);
  return true;
}

interface Plan {
  readonly target: Target;
  readonly format: Format;
  readonly keysPerStep: number;
  readonly isDry: boolean;
}

async function importAll(
  servers: readonly SourceServer[],
  { target, format, keysPerStep, isDry }: Plan,
  { options, output, interrupted }: Invocation,
): Promise<Exit> {
  const { subject, ttl: ttlMs, rate } = options as unknown as ImportOptions;
  const { manager, tokens } = target;
  const results = new Results();
  const importer = new Importer({ manager, tokens, format, subject, ttlMs, results });
  const progress = isDry ? undefined : target.progress;
  const pace = new Pace(rate, interrupted);
  const { changes } = target;
  const walk = new Walk({ servers, importer, progress, changes, pace, keysPerStep, interrupted });
  const sizes = await Promise.all(servers.map((server) => server.size()));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const hide = showProgress(results, () => walk.visited, total, output);
  let failure: { readonly error: unknown } | undefined;
  const isComplete = await walk.run().catch((error: unknown) => {
    failure = { error };
    return false;
  });
  hide();
  const end = { isDry, isComplete };
  if (output.isJson) output.json(resultOf(results, end));
  else printResult(results, end, output);
  if (failure !== undefined) throw failure.error;
  if (!isComplete) return 'interrupted';
  return results.failed === 0 ? 'ok' : 'failed';
}

/** The text of an error of Redis may contain a key. */
function explained(error: unknown): unknown {
  if (isCliError(error) || error instanceof TypeError || error instanceof RangeError) return error;
  const code = codeOf(error) ?? codeOf((error as { readonly cause?: unknown }).cause);
  if (code === 'NOPERM') {
    return new CliError(
      'denied',
      'The user of Redis may not run a command, or not on these keys. See ACL LOG in Redis.',
    );
  }
  const reason = toStoreError(error, { isChange: true });
  if (!(reason instanceof SessionError)) return error;
  const what = reason.reason === 'STORE_FULL' ? 'Redis is full' : 'Redis stopped answering';
  return new CliError(
    'unavailable',
    `${what}${code === undefined ? '' : ` (${code})`}. The same command goes on where it ended.`,
  );
}
