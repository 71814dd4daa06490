import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const languages = ['go', 'python', 'typescript'] as const;
export type Language = (typeof languages)[number];

/** One step of a scenario: what a role does with its session, and the expected outcome. */
export interface Step {
  readonly by: string;
  readonly op: string;
  /** For open: the role whose token to use. */
  readonly as?: string;
  /** For open and checkCsrfToken: a text, or `$csrf:<role>`, the last CSRF token that the role received. */
  readonly token?: string;
  readonly key?: string;
  readonly value?: unknown;
  readonly queue?: string;
  readonly unique?: boolean;
  /** For openById and createWithId, and the subject of belongTo, devices and what ends them. Each run of a scenario has its own ids. */
  readonly id?: string;
  readonly seconds?: number;
  /** For call: an RPC and its request as protobuf JSON, in which `$token:<role>` and `$csrf:<role>` stand for tokens. */
  readonly rpc?: string;
  readonly request?: unknown;
  /**
   * The expected result; for describe and call, a part of it. `{ "$text": … }` is an exact JSON text, `{ "$absent": true }` means
   * that there is no value.
   */
  readonly expect?: unknown;
  /** Part of the error that the step must fail with. Without it, the step must succeed. */
  readonly error?: Readonly<Record<string, unknown>>;
  /** The number of calls that the step must make. */
  readonly calls?: number;
}

export interface Scenario {
  readonly name: string;
  /** The languages that can play each role. Every combination is run. */
  readonly roles: Readonly<Record<string, readonly Language[]>>;
  /** Whether it needs what the builds of test/compatibility do not have. */
  readonly isNew?: boolean;
  readonly steps: readonly Step[];
}

interface Written {
  readonly name: string;
  readonly isNew?: boolean;
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

/** The scenarios in which one language can play every role. */
export function scenariosFor(language: Language): Scenario[] {
  return scenarios.filter(({ roles }) => Object.values(roles).every((by) => by.includes(language)));
}

/** Settings for the sidecar: small limits, so that scenarios can reach them. */
export const limits = {
  SESSION_SIDECAR_MAX_KEYS: '5',
  SESSION_SIDECAR_MAX_FLASH_MESSAGES: '3',
  SESSION_SIDECAR_MAX_SESSION_SIZE: '4KiB',
} as const;

/** The actor of each role. */
export type Cast<Actor> = Readonly<Record<string, Actor>>;

/** Every assignment of actors to roles. */
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
