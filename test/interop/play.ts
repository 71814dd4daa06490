import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { countRpcs } from '../support/sidecar';
import type { Order, Runner } from './runner';
import type { Step } from './steps';

/** The runners that play a scenario, and the sidecars that they use. */
export interface Stage {
  /** By role. */
  readonly runners: Readonly<Record<string, Runner>>;
  /** All sidecars that are called, so that calls can be counted. */
  readonly sidecars: readonly { readonly httpUrl: string }[];
}

/** Operations whose value is a text and not JSON. */
const plainTexts = new Set(['setSubject', 'setLabel', 'endOne']);

/** One run of a scenario. */
export class Play {
  readonly #stage: Stage;
  readonly #csrfTokens = new Map<string, string>();
  readonly #idPrefix = randomUUID();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
  }

  async #step(step: Step): Promise<void> {
    const at = JSON.stringify(step);
    const order = await this.#orderOf(step);
    const before = step.calls === undefined ? 0 : await this.#countCalls();
    const { error = null, result = null } = await this.#order(step.by, order);
    if (step.calls !== undefined)
      expect({ at, calls: (await this.#countCalls()) - before }).toEqual({ at, calls: step.calls });
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
    return this.#stage.runners[role]!.run({ actor: role, ...order });
  }

  async #orderOf({
    op,
    as,
    token,
    key,
    value,
    queue,
    unique,
    id,
    seconds,
    rpc,
    request,
  }: Step): Promise<Omit<Order, 'actor'>> {
    return {
      ...{ op, key, queue, unique, seconds, rpc },
      token: as === undefined ? token && this.#csrfTokenOf(token) : await this.#tokenOf(as),
      id: id && `${this.#idPrefix}-${id}`,
      value: plainTexts.has(op) ? String(value) : textOf(value),
      request: request === undefined ? undefined : await this.#filled(JSON.stringify(request)),
    };
  }

  async #filled(request: string): Promise<string> {
    let text = request.replace(/\$csrf:\w+/g, (mark) => this.#csrfTokenOf(mark));
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

  /** The number of calls so far. A stream is not a call, although the sidecar counts it as one. */
  async #countCalls(): Promise<number> {
    const counts = await Promise.all(this.#stage.sidecars.map(countRpcs));
    return counts
      .flatMap(({ Pipeline: _pipeline, ...calls }) => Object.values(calls))
      .reduce((sum, count) => sum + count, 0);
  }
}

const isText = (value: unknown): value is { readonly $text: string } =>
  typeof value === 'object' && value !== null && '$text' in value;
const isAbsent = (value: unknown): boolean => typeof value === 'object' && value !== null && '$absent' in value;

function textOf(value: unknown): string | undefined {
  return isText(value) ? value.$text : JSON.stringify(value);
}

/** Parses values, which arrive as JSON texts, unless the step expects an exact text. */
function shown({ op, expect: expected }: Step, result: unknown): unknown {
  const parse = (text: unknown): unknown => JSON.parse(text as string);
  if (op === 'peekFlash' || op === 'popFlash' || op === 'popFlashAndSave') return (result as unknown[]).map(parse);
  if (op !== 'get' && op !== 'pop') return result;
  if (result === null) return undefined;
  return isText(expected) ? result : parse(result);
}

function meaningOf(expected: unknown): unknown {
  if (isText(expected)) return expected.$text;
  return isAbsent(expected) ? undefined : expected;
}
