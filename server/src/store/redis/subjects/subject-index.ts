import { createHash } from 'node:crypto';
import { toStoreError } from '../redis-errors';
import { text } from '../scripts/script-codec';
import type { ScriptReply } from '../scripts/script-runner';
import type { IndexScriptName } from '../scripts/script-sources';
import type { TimedScripts } from '../scripts/timed-scripts';

/** A session that has the subject, had it, or is about to. */
export interface IndexEntry {
  readonly handle: string;
  /** When the entry may be removed; another one each time the session is attached. */
  readonly score: string;
}

/** A change in flight that gives a session the subject, by the sidecar that makes it. */
export interface Attachment {
  readonly handle: string;
  readonly id: string;
}

export interface NewAttachment extends Attachment {
  /** After how many ms the change cannot be made any more. */
  readonly pendingMs: number;
  /** How long the entry is kept after that; `undefined`: for ever. */
  readonly keptMs: number | undefined;
  /** Maximum number of entries, with this one. Default: any number. */
  readonly maxEntries?: number | undefined;
}

export interface SubjectIndexOptions {
  readonly scripts: TimedScripts;
  /** The prefix of all keys. */
  readonly keyPrefix: string;
}

/**
 * The handles of each subject's sessions, as one sorted set per subject. It may be in another slot of a Cluster than the sessions, so
 * no step is atomic with a change of one: the index has an entry before a session has the subject, and maybe long after.
 * docs/decisions/0062-subject-index.md says why no session is missed.
 */
export class SubjectIndex {
  readonly #options: SubjectIndexOptions;

  constructor(options: SubjectIndexOptions) {
    this.#options = options;
  }

  /**
   * Adds an entry and the attachment.
   *
   * @returns `false`: nothing was added, because there would be more than `maxEntries`
   */
  async attach(
    subject: string,
    { handle, id, pendingMs, keptMs, maxEntries }: NewAttachment,
    deadline?: number,
  ): Promise<boolean> {
    const args = [handle, id, String(pendingMs), keptText(keptMs), String(maxEntries ?? '')];
    const [status] = await this.#run('indexAttach', subject, args, deadline);
    return text(status) === 'attached';
  }

  /** Keeps the entry of a session that has the subject. @param keptMs as in {@link attach}, from now on */
  async renew(subject: string, handle: string, keptMs: number | undefined): Promise<void> {
    await this.#run('indexAttach', subject, [handle, '', '0', keptText(keptMs), '']);
  }

  /** Everything that is in the index all the time while it is read. */
  async scan(subject: string, deadline?: number): Promise<{ entries: IndexEntry[]; attachments: Attachment[] }> {
    const scores = new Map<string, string>();
    const attachments = new Map<string, Attachment>();
    let cursor = '0';
    do {
      const [, time, next, members] = await this.#run('indexScan', subject, [cursor], deadline);
      cursor = text(next);
      const texts = (members as Buffer[]).map(text);
      for (let at = 0; at < texts.length; at += 2) {
        const [member = '', score = ''] = texts.slice(at, at + 2);
        const attachment = toAttachment(member);
        if (attachment === undefined) scores.set(member, score);
        else if (-Number(score) > Number(text(time))) attachments.set(attachment.id, attachment);
      }
    } while (cursor !== '0');
    return {
      entries: Array.from(scores, ([handle, score]) => ({ handle, score })),
      attachments: [...attachments.values()],
    };
  }

  /**
   * A session's entry, and the attachments of all sessions of the subject.
   *
   * @param over an attachment of the session that is removed first: its change was made or never will be
   */
  async entryOf(
    subject: string,
    handle: string,
    over = '',
  ): Promise<{ entry: IndexEntry | undefined; attachments: Attachment[] }> {
    const [, score, members] = await this.#run('indexEntry', subject, [handle, over]);
    const entry = text(score) === '' ? undefined : { handle, score: text(score) };
    return { entry, attachments: toAttachments(members) };
  }

  async attachments(subject: string, deadline?: number): Promise<Attachment[]> {
    const [, , members] = await this.#run('indexEntry', subject, ['', ''], deadline);
    return toAttachments(members);
  }

  /** Removes the entries of sessions that were seen without the subject after the entry was read, unless they were attached since. */
  async drop(subject: string, entries: readonly IndexEntry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += maxDropped) {
      const pairs = entries.slice(from, from + maxDropped).flatMap(({ handle, score }) => [handle, score]);
      await this.#run('indexDrop', subject, pairs);
    }
  }

  /** No failure says that the session may have been changed: the index is all that was. */
  async #run(script: IndexScriptName, subject: string, args: string[], deadline?: number): Promise<ScriptReply> {
    const { scripts, keyPrefix } = this.#options;
    try {
      const key = keyOf(keyPrefix, subject);
      return await scripts.run({ script, key, secretHash: '', isTracked: false, args }, deadline);
    } catch (error) {
      throw toStoreError(error, { isChange: false });
    }
  }
}

/** Entries that one script removes. */
const maxDropped = 500;

/**
 * The subject itself is not in the key, which logs and tools show. It is longer than a handle, so no session has it.
 */
function keyOf(keyPrefix: string, subject: string): string {
  return `${keyPrefix}subject:${createHash('sha256').update(subject).digest('base64url')}`;
}

function keptText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '-' : String(milliseconds);
}

function toAttachments(members: unknown): Attachment[] {
  return (members as Buffer[]).flatMap((member) => toAttachment(text(member)) ?? []);
}

/** As lib/index.lua names them. @returns `undefined` for an entry */
function toAttachment(member: string): Attachment | undefined {
  const [, handle, id] = /^p:(.+):(.+)$/.exec(member) ?? [];
  return handle === undefined || id === undefined ? undefined : { handle, id };
}
