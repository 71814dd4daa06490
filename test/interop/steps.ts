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
  /** For call: an RPC and its request in the JSON form of protobuf, in which `$token:<role>` stands for a token. */
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

export type Cast = Readonly<Record<string, Language>>;

/** Every way to give the roles of a scenario to languages. */
export function casts({ roles }: Scenario): Cast[] {
  return Object.entries(roles).reduce<Cast[]>(
    (some, [role, by]) => some.flatMap((cast) => by.map((language) => ({ ...cast, [role]: language }))),
    [{}],
  );
}
