import { SessionError } from '../../session/errors';
import type { SessionManager } from '../../session/session-manager';
import { idleTimeoutRange } from '../../session/limits';
import type { Mutation } from '../../session/session-update';
import { nameViolations } from '../../session/validation';
import type { Tokens } from '../../tokens/token';
import type { Format, SourceSession } from './formats/format';
import { partAt } from './json-pointer';
import type { JsonPointer } from './json-pointer';
import type { Failure, Results } from './results';
import type { Found, SourceServer } from './source-server';

export interface ImporterOptions {
  readonly manager: Pick<SessionManager, 'create' | 'invalidate'>;
  readonly tokens: Pick<Tokens, 'derive'>;
  readonly format: Format;
  /** Where the subject is in the data of a session; `undefined`: nowhere. */
  readonly subject: JsonPointer | undefined;
  /** How long a session lives whose record does not say it, in ms; `undefined`: as the sidecar's settings say. */
  readonly ttlMs: number | undefined;
  readonly results: Results;
}

type Readable = Pick<SourceServer, 'read' | 'exist'>;

/** A session that was stored, and the key that it came from. */
interface Stored {
  readonly key: Buffer;
  readonly token: string;
}

/** Moves sessions from the source into the store. */
export class Importer {
  readonly #options: ImporterOptions;

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /** Imports the sessions of these keys at the same time. */
  async import(server: Readable, keys: readonly Buffer[]): Promise<void> {
    this.#options.results.keys += keys.length;
    const found = await server.read(keys);
    const settled = await Promise.allSettled(found.map((each, at) => this.#importOne(each, keys[at]!)));
    const stored = settled.flatMap((each) => (each.status === 'fulfilled' ? (each.value ?? []) : []));
    await this.#takeBackEnded(server, stored);
    const failed = settled.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #importOne(found: Found, key: Buffer): Promise<Stored | undefined> {
    const { results, format } = this.#options;
    if (found === 'gone') results.count('expired');
    else if (typeof found === 'string') results.fail(found);
    else {
      const session = format.read(found, Date.now());
      if (session === 'expired') results.count('expired');
      else if (typeof session === 'string') results.fail(session);
      else if (nameViolations('id', session.id).length > 0) results.fail('invalid_id');
      else return this.#store(session, key);
    }
    return undefined;
  }

  /** @returns `undefined` if it was not stored */
  async #store(session: SourceSession, key: Buffer): Promise<Stored | undefined> {
    const { manager, tokens, results, ttlMs } = this.#options;
    const { id, csrfToken, lifetimeMs = ttlMs } = session;
    const subject = this.#subjectOf(session);
    try {
      const created = await manager.create({
        ...{ id, subject, csrfToken, mutations: mutationsOf(session) },
        idleTimeout: lifetimeMs && idleTimeoutOf(lifetimeMs),
      });
      results.imported(created.session.bytes, subject !== undefined || this.#options.subject === undefined);
      return { key, token: created.token };
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      if (error.reason === 'VERSION_MISMATCH') results.count('already_there');
      else results.fail(failureOf(error), tokens.derive(id).handle);
      return undefined;
    }
  }

  #subjectOf({ data }: SourceSession): string | undefined {
    const [key, ...pointer] = this.#options.subject ?? [];
    const text = key === undefined ? undefined : data.get(key);
    const part = text === undefined ? undefined : partAt(text, pointer);
    const subject = part?.startsWith('"') === true ? (JSON.parse(part) as string) : part;
    // A number has all its digits.
    const isScalar = part !== undefined && /^["\d-]/.test(part);
    return isScalar && nameViolations('subject', subject!).length === 0 ? subject : undefined;
  }

  /** The application may have moved or ended a session between the two steps, and must not get it back. */
  async #takeBackEnded(server: Readable, stored: readonly Stored[]): Promise<void> {
    const exist = await server.exist(stored.map(({ key }) => key));
    const ended = stored.filter((_, at) => exist[at] === false);
    await Promise.all(ended.map(({ token }) => this.#options.manager.invalidate(token)));
    for (let count = ended.length; count > 0; count -= 1) this.#options.results.takeBack('ended_meanwhile');
  }
}

function mutationsOf({ data, flash }: SourceSession): Mutation[] {
  return [
    ...[...data].map(([key, text]) => ({ kind: 'set', key, value: Buffer.from(text) }) as const),
    ...[...flash].flatMap(([queue, messages]) =>
      messages.map(
        (text) => ({ kind: 'push_flash', queue, message: Buffer.from(text), unlessPresent: false }) as const,
      ),
    ),
  ];
}

function idleTimeoutOf(lifetimeMs: number): number {
  return Math.min(Math.max(Math.ceil(lifetimeMs), idleTimeoutRange.min), idleTimeoutRange.max);
}

/** @throws the error if the session is not the reason */
function failureOf(error: SessionError): Failure {
  switch (error.reason) {
    case 'SESSION_TOO_LARGE':
      return 'too_large';
    case 'TOO_MANY_KEYS':
      return 'too_many_keys';
    case 'FLASH_QUEUE_FULL':
      return 'too_many_messages';
    case 'INVALID_ARGUMENT':
      return 'invalid_name';
    case 'SCHEMA_VIOLATION':
      return 'against_schema';
    case 'TOO_MANY_SESSIONS':
      return 'too_many_sessions';
    default:
      throw error;
  }
}
