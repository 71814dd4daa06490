import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startReadySidecar } from '../support/ready-sidecar';
import { startRedis } from '../support/redis';
import type { RedisServer } from '../support/redis';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { startGo, startPython, startTypeScript } from './runners';
import type { Order, Runner } from './runners';
import { casts, scenarios } from './steps';
import type { Cast, Language, Step } from './steps';

const { go, python } = toolchains();
sayIfMissing('the scenarios of test/interop in Go', go);
sayIfMissing('the scenarios of test/interop in Python', python);

let redis: RedisServer;
let sidecar: Sidecar;
const runners = new Map<Language, Runner>();

beforeAll(async () => {
  redis = await startRedis();
  sidecar = await startReadySidecar({
    redisUrl: redis.url,
    // Small, so that scenarios can show what happens at a limit.
    env: {
      SESSION_SIDECAR_MAX_KEYS: '5',
      SESSION_SIDECAR_MAX_FLASH_MESSAGES: '3',
      SESSION_SIDECAR_MAX_SESSION_SIZE: '4KiB',
    },
  });
  runners.set('typescript', startTypeScript(sidecar.address));
  if (go.missing === undefined) runners.set('go', startGo(go, sidecar.address));
  if (python.missing === undefined) runners.set('python', startPython(python, sidecar.address));
}, 300_000);

afterAll(async () => {
  await Promise.all([...runners.values()].map((runner) => runner.close()));
  await sidecar.close();
  await redis.stop();
});

const isMissing = (language: Language): boolean =>
  (language === 'go' && go.missing !== undefined) || (language === 'python' && python.missing !== undefined);

describe.each(scenarios)('$name', (scenario) => {
  for (const cast of casts(scenario)) {
    const who = Object.entries(cast)
      .map(([role, language]) => `${role}: ${language}`)
      .join(', ');
    const run = Object.values(cast).some(isMissing) ? test.skip : test;
    run(who, async () => {
      const play = new Play(cast);
      for (const step of scenario.steps) await play.step(step);
    });
  }
});

/** One run of a scenario, and what its roles hold. */
class Play {
  readonly #cast: Cast;
  readonly #csrfTokens = new Map<string, string>();

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  async step(step: Step): Promise<void> {
    const at = JSON.stringify(step);
    const order = await this.#orderOf(step);
    const before = step.calls === undefined ? 0 : await countCalls();
    const { error = null, result = null } = await this.#order(step.by, order);
    if (step.calls !== undefined)
      expect({ at, calls: (await countCalls()) - before }).toEqual({ at, calls: step.calls });
    if (step.error === undefined) expect({ at, error }).toEqual({ at, error: null });
    else expect({ at, error }).toMatchObject({ at, error: step.error });
    if (/csrfToken$/i.test(step.op) && typeof result === 'string') this.#csrfTokens.set(step.by, result);
    if (!('expect' in step)) return;
    const [got, wanted] = [
      { at, result: shown(step, result) },
      { at, result: meaningOf(step.expect) },
    ];
    if (step.op === 'describe' || step.op === 'call') expect(got).toMatchObject(wanted);
    else expect(got).toEqual(wanted);
  }

  #order(role: string, order: Omit<Order, 'actor'>) {
    return runners.get(this.#cast[role]!)!.run({ actor: role, ...order });
  }

  async #orderOf({
    op,
    as,
    token,
    key,
    value,
    queue,
    unique,
    seconds,
    rpc,
    request,
  }: Step): Promise<Omit<Order, 'actor'>> {
    return {
      ...{ op, key, queue, unique, seconds, rpc },
      token: as === undefined ? token && this.#csrfTokenOf(token) : await this.#tokenOf(as),
      value: op === 'setSubject' ? String(value) : textOf(value),
      request: request === undefined ? undefined : await this.#filled(JSON.stringify(request)),
    };
  }

  async #filled(request: string): Promise<string> {
    let text = request;
    for (const [mark, role = ''] of request.matchAll(/\$token:(\w+)/g))
      text = text.replace(mark, await this.#tokenOf(role));
    return text;
  }

  async #tokenOf(role: string): Promise<string> {
    const { result } = await this.#order(role, { op: 'describe' });
    const { token } = result as { token: string };
    expect(token).toMatch(/^[\w-]{43}\.[\w-]{24}$/);
    return token;
  }

  #csrfTokenOf(text: string): string {
    const [, role] = /^\$csrf:(\w+)$/.exec(text) ?? [];
    return role === undefined ? text : (this.#csrfTokens.get(role) ?? '');
  }
}

/** Calls so far; a stream that carries some is none itself. */
async function countCalls(): Promise<number> {
  const { Pipeline: _pipeline, ...calls } = await countRpcs(sidecar);
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

const isText = (value: unknown): value is { readonly $text: string } =>
  typeof value === 'object' && value !== null && '$text' in value;
const isAbsent = (value: unknown): boolean => typeof value === 'object' && value !== null && '$absent' in value;

function textOf(value: unknown): string | undefined {
  return isText(value) ? value.$text : JSON.stringify(value);
}

/** Values come as JSON texts. Where the exact text matters, it is kept. */
function shown({ op, expect: expected }: Step, result: unknown): unknown {
  const parse = (text: unknown): unknown => JSON.parse(text as string);
  if (op === 'peekFlash' || op === 'popFlash') return (result as unknown[]).map(parse);
  if (op !== 'get' && op !== 'pop') return result;
  if (result === null) return undefined;
  return isText(expected) ? result : parse(result);
}

function meaningOf(expected: unknown): unknown {
  if (isText(expected)) return expected.$text;
  return isAbsent(expected) ? undefined : expected;
}
