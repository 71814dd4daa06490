import { UnreadableRecordError } from '../../../session/errors';
import type { RecordProblem } from '../../../session/errors';
import type { SessionEventReason } from '../../../session/events/session-event';
import { parseVersion, text } from '../scripts/script-codec';
import type { SessionScripts } from '../scripts/session-scripts';

export interface SessionEnderParts {
  readonly scripts: SessionScripts;
  readonly onUnreadableDeleted: ((error: UnreadableRecordError) => void) | undefined;
  /** Records that a session was ended. If it rejects, so does the call. */
  readonly onEnded: OnEnded | undefined;
}

/** @param session as it was before; a record that could not be read has no version */
export type OnEnded = (
  reason: SessionEventReason,
  handle: string,
  session: { readonly version: number | undefined; readonly subject: string },
) => Promise<void> | undefined;

export interface EndOptions {
  readonly reason: SessionEventReason;
  /** The session stays if this is the hash of its secret. */
  readonly exceptSecretHash?: string | undefined;
  readonly deadline?: number | undefined;
  /** Takes what records the end, to call it later. Default: the end is recorded at once. */
  readonly hold?: ((record: () => Promise<void>) => void) | undefined;
}

/** Ends sessions by way of their subject. */
export class SessionEnder {
  readonly #parts: SessionEnderParts;

  constructor(parts: SessionEnderParts) {
    this.#parts = parts;
  }

  /**
   * Ends a session if it has the subject. A record that cannot be read may have it, so it is removed, too.
   *
   * @returns `gone`: the subject has no such session; `kept`: its secret is the excepted one
   * @throws UnreadableRecordError for a record of a newer format, which stays
   */
  async end(subject: string, handle: string, options: EndOptions): Promise<'ended' | 'gone' | 'kept'> {
    const { scripts, onUnreadableDeleted, onEnded } = this.#parts;
    const { reason, exceptSecretHash: secretHash = '', deadline, hold } = options;
    const reply = await scripts.run('deleteOf', { handle, secretHash }, [subject], deadline);
    const [status, problem] = reply.map(text);
    if (status === 'newer_format') throw new UnreadableRecordError(handle, 'newer_format');
    if (status !== 'deleted') return status === 'not_found' ? 'gone' : 'kept';
    if (problem !== '') onUnreadableDeleted?.(new UnreadableRecordError(handle, problem as RecordProblem));
    const record = async (): Promise<void> => onEnded?.(reason, handle, { version: parseVersion(reply[2]), subject });
    if (hold === undefined) await record();
    else hold(record);
    return 'ended';
  }
}
