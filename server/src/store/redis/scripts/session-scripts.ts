import { UnreadableRecordError } from '../../../session/errors';
import type { RecordProblem } from '../../../session/errors';
import type { SessionRef } from '../../../session/session-store';
import { toStoreError } from '../redis-errors';
import { parseMetadata } from './script-codec';
import type { ScriptReply } from './script-runner';
import type { SessionScriptName } from './script-sources';
import type { TimedScripts } from './timed-scripts';

export interface SessionScriptsOptions {
  readonly scripts: TimedScripts;
  /** The prefix of a session's key, before the handle. */
  readonly keyPrefix: string;
  /** Whether Redis tracks what is read on the connection. */
  readonly isTracked: () => boolean;
  readonly listener: ScriptListener;
}

export interface ScriptListener {
  /** A script has run on a session, or may have: earlier reads may be outdated. */
  onRun(handle: string): void;
  /**
   * A script has changed a session, or may have. Reported at once, not when replicas have confirmed it.
   *
   * @param version the session's version now; `undefined`: unknown, or it has ended
   */
  onChanged(handle: string, version: number | undefined): void;
  /** A token was used that was replaced, and whose grace is over. */
  onReplacedToken(handle: string): void;
}

type Arguments = readonly (string | Buffer)[];

/** Scripts that change a session's content or end it. */
const changing: ReadonlySet<SessionScriptName> = new Set([
  ...(['create', 'set', 'update', 'replace', 'delete', 'deleteOf', 'revoke'] as const),
]);

/** Scripts that mostly change nothing: what they do change is reported. */
const looking: ReadonlySet<SessionScriptName> = new Set(['peek', 'read', 'revoke'] as const);

/** Scripts that change what only other changes depend on. */
const leasing: ReadonlySet<SessionScriptName> = new Set(['acquire', 'release'] as const);

/** Runs scripts on sessions, and reports what they change. */
export class SessionScripts {
  readonly #options: SessionScriptsOptions;

  constructor(options: SessionScriptsOptions) {
    this.#options = options;
  }

  /** @param deadline when the caller stops waiting, by `performance.now()` */
  async run(script: SessionScriptName, ref: SessionRef, args: Arguments, deadline?: number): Promise<ScriptReply> {
    const { scripts, keyPrefix, isTracked, listener } = this.#options;
    const { handle, secretHash } = ref;
    const onReply = (status: string, reply: ScriptReply): void => {
      if (status === 'updated') listener.onChanged(handle, parseMetadata(reply[1]).version);
      else if (status === 'deleted') listener.onChanged(handle, undefined);
      else if (status === 'replaced') listener.onReplacedToken(handle);
    };
    try {
      const call = { script, key: keyPrefix + handle, secretHash, isTracked: isTracked(), args, onReply };
      return await scripts.run(call, deadline);
    } catch (error) {
      const isReported = changing.has(script);
      if (isReported) listener.onChanged(handle, undefined);
      throw toStoreError(error, { handle, isChange: isReported || leasing.has(script) });
    } finally {
      if (!looking.has(script)) listener.onRun(handle);
    }
  }
}
/**
 * Whether a script found the session.
 *
 * @param status the first element of its reply
 * @throws UnreadableRecordError if the record cannot be read
 */
export function wasFound(status: string, { handle }: SessionRef): boolean {
  if (isProblem(status)) throw new UnreadableRecordError(handle, status);
  return status !== 'not_found' && status !== 'replaced';
}

const problems: ReadonlySet<string> = new Set<RecordProblem>(['damaged', 'newer_format', 'foreign_type']);

function isProblem(status: string): status is RecordProblem {
  return problems.has(status);
}
