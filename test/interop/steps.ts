import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const languages = ['go', 'python', 'typescript'] as const;
export type Language = (typeof languages)[number];

/** One line of a scenario: what a role does with its session, and what must come of it. */
export interface Step {
  readonly by: string;
  readonly op: string;
  /** For open: the role whose token to use. */
  readonly as?: string;
  /** For open and checkCsrfToken: a text, or `$csrf:<role>`, the CSRF token that the role was given last. */
  readonly token?: string;
  readonly key?: string;
  readonly value?: unknown;
  readonly queue?: string;
  readonly unique?: boolean;
  readonly seconds?: number;
  /** For call: an RPC and its request in the JSON form of protobuf, in which `$token:<role>` and `$csrf:<role>` stand for tokens. */
  readonly rpc?: string;
  readonly request?: unknown;
  /** The result; of describe and call in part. `{ "$text": … }` is a JSON text to the last digit, `{ "$absent": true }` no value. */
  readonly expect?: unknown;
  /** What the step must fail with, in part. Without it, a step must not fail. */
  readonly error?: Readonly<Record<string, unknown>>;
  /** How many calls the step must cost. */
  readonly calls?: number;
}

export interface Scenario {
  readonly name: string;
  /** Which languages play which role. Each combination is run. */
  readonly roles: Readonly<Record<string, readonly Language[]>>;
  readonly steps: readonly Step[];
}

interface Written {
  readonly name: string;
  /** Default: every language. */
  readonly roles: Readonly<Record<string, 'all' | readonly Language[]>>;
  readonly steps: readonly Step[];
}

export const scenarios: readonly Scenario[] = (
  JSON.parse(readFileSync(join(__dirname, 'scenarios.json'), 'utf8')) as Written[]
).map(({ roles, ...scenario }) => ({
  ...scenario,
  roles: Object.fromEntries(Object.entries(roles).map(([role, by]) => [role, by === 'all' ? languages : by])),
}));

/** Those of which one language can play every role. */
export function scenariosFor(language: Language): Scenario[] {
  return scenarios.filter(({ roles }) => Object.values(roles).every((by) => by.includes(language)));
}

/** For the sidecar: small, so that scenarios can show what happens at a limit. */
export const limits = {
  SESSION_SIDECAR_MAX_KEYS: '5',
  SESSION_SIDECAR_MAX_FLASH_MESSAGES: '3',
  SESSION_SIDECAR_MAX_SESSION_SIZE: '4KiB',
} as const;

/** Who plays which role. */
export type Cast<Actor> = Readonly<Record<string, Actor>>;

/** Every way to give roles to those who may play them. */
export function casts<Actor>(roles: Readonly<Record<string, readonly Actor[]>>): Cast<Actor>[] {
  return Object.entries(roles).reduce<Cast<Actor>[]>(
    (some, [role, by]) => some.flatMap((cast) => by.map((actor) => ({ ...cast, [role]: actor }))),
    [{}],
  );
}

export function castLabel(cast: Cast<string>): string {
  return Object.entries(cast)
    .map(([role, actor]) => `${role}: ${actor}`)
    .join(', ');
}
