import { createHash } from 'node:crypto';
import type { DataCheck } from '../../../session/data-rule';
import { storeUnavailable, UnreadableRecordError } from '../../../session/errors';
import type { Limits } from '../../../session/limits';
import { applyMutations } from '../../../session/mutations';
import type { SessionRef } from '../../../session/session-store';
import { changesTerms } from '../../../session/session-update';
import type { SessionUpdate } from '../../../session/session-update';
import { decodeFront } from '../record-codec';
import type { DecodedRecord } from '../record-codec';
import { rawResult, refusalReply, text, updateArguments } from '../scripts/script-codec';
import type { IndexedSubject } from '../scripts/script-codec';
import type { ScriptReply } from '../scripts/script-runner';
import type { SessionScripts } from '../scripts/session-scripts';
import { Turns } from '../turns';
import type { SessionCodec } from './session-codec';

export interface SessionRewriterParts {
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly limits: Limits;
  readonly dataCheck?: DataCheck | undefined;
  /** Time limit of one Redis command, in ms. */
  readonly commandTimeoutMs: number;
}

export interface RewriteOptions {
  /** The entry that the index of the session's subject has for it. */
  readonly indexed?: IndexedSubject | undefined;
  /** When the caller stops waiting, by `performance.now()`. */
  readonly deadline?: number | undefined;
  /** The record, if it has just been read. */
  readonly record?: Buffer | undefined;
}

/** Only other sidecars get in the way, each of which has made a change by then. */
const maxAttempts = 100;

/** As base_of() in scripts/replace.lua has it: what an encrypted content begins with, its nonce included. */
const encryptedMarkBytes = 64;

/**
 * Changes sessions whose content Redis cannot change or check: reads the record, applies the mutations here, and replaces the content if it is
 * still the one that was read. If not, another change has been made, and the mutations are applied to what is there now. Everything
 * else about a change is decided in Redis, by the same code as in update.lua.
 */
export class SessionRewriter {
  readonly #parts: SessionRewriterParts;
  readonly #turns: Turns;

  constructor(parts: SessionRewriterParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.commandTimeoutMs);
  }

  /** @returns what `update.lua` does */
  update(ref: SessionRef, update: SessionUpdate, options: RewriteOptions = {}): Promise<ScriptReply> {
    return this.#turns.take(ref.handle, () => this.#update(ref, update, options));
  }

  /** Encrypts a session that was just read as it would be if it were written now, or decrypts it. If that fails, a later use does it. */
  renew(ref: SessionRef, record: Buffer): void {
    this.update(ref, {}, { record }).catch(() => {});
  }

  async #update(
    ref: SessionRef,
    { csrfToken, ...update }: SessionUpdate,
    { indexed, deadline, record: held }: RewriteOptions,
  ): Promise<ScriptReply> {
    const { scripts, limits, dataCheck } = this.#parts;
    const args = updateArguments(update, indexed);
    let record = held;
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      if (record === undefined) {
        const reply = await scripts.run('read', ref, args, deadline);
        if (text(reply[0]) !== 'found') return reply;
        record = reply[1] as Buffer;
      }
      const decoded = this.#decode(ref, record);
      const applied = applyMutations(decoded.content, update.mutations ?? [], limits, dataCheck);
      if (applied.status === 'refused') return refusalReply(applied.refusal);
      const { content, results } = applied;
      const isChange = changesTerms({ ...update, csrfToken }) || results.some((result) => result.applied);
      const next = { ...decoded, content, csrfToken: csrfToken ?? decoded.csrfToken };
      const replacement = [baseOf(record), ...this.#replacementArguments(ref, next, isChange)];
      const reply = await scripts.run('replace', ref, [...args, ...replacement], deadline);
      if (text(reply[0]) === 'updated') return [...reply, ...results.map(rawResult)];
      if (text(reply[0]) !== 'stale') return reply;
      record = reply[1] as Buffer;
    }
    throw storeUnavailable(false);
  }

  #decode({ handle }: SessionRef, record: Buffer): DecodedRecord {
    const decoded = this.#parts.codec.decode(handle, record);
    if (typeof decoded === 'string') throw new UnreadableRecordError(handle, decoded);
    return decoded;
  }

  #replacementArguments(ref: SessionRef, next: DecodedRecord, isChange: boolean): (string | Buffer)[] {
    const { codec } = this.#parts;
    if (!isChange && codec.keys.isCurrent(next.keyId)) return ['', '', '', ''];
    const { format, csrfTokenOrKeyId, body } = codec.encode(ref.handle, next.csrfToken, next.content);
    return [String(format), csrfTokenOrKeyId, body, isChange ? '1' : ''];
  }
}

/** As base_of() in scripts/replace.lua computes it. */
function baseOf(record: Buffer): string {
  const front = decodeFront(record);
  if (front === undefined) throw new Error('A record that was decoded has no header.');
  const { header, stop } = front;
  const content = record.subarray(stop, header.format === 2 ? stop + encryptedMarkBytes : undefined);
  const mark = createHash('sha1').update(content).digest('hex');
  return `${header.version} ${header.csrfTokenOrKeyId} ${mark}`;
}
