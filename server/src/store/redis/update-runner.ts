import type { DataCheck } from '../../session/data-rule';
import type { SessionRef } from '../../session/session-store';
import { changesData } from '../../session/session-update';
import type { SessionUpdate } from '../../session/session-update';
import type { SessionCodec } from './encryption/session-codec';
import type { SessionRewriter } from './encryption/session-rewriter';
import { asUpdateReply, mutationArguments, setArguments, text, updateArguments } from './scripts/script-codec';
import type { IndexedSubject } from './scripts/script-codec';
import type { ScriptReply } from './scripts/script-runner';
import type { SessionScripts } from './scripts/session-scripts';

export interface UpdateRunnerParts {
  readonly scripts: SessionScripts;
  readonly codec: SessionCodec;
  readonly rewriter: SessionRewriter;
  readonly dataCheck?: DataCheck | undefined;
}

/**
 * Updates sessions in the cheapest way: in Redis, by a script that only sets keys or by one that does everything; or in the sidecar, if
 * the content is encrypted or is to be, or if it has to be checked.
 */
export class UpdateRunner {
  readonly #parts: UpdateRunnerParts;

  constructor(parts: UpdateRunnerParts) {
    this.#parts = parts;
  }

  /**
   * @param indexed the entry that the index of the session's subject has for it
   * @returns a reply of `update.lua`
   */
  async run(
    ref: SessionRef,
    update: SessionUpdate,
    indexed: IndexedSubject | undefined,
    deadline: number | undefined,
  ): Promise<ScriptReply> {
    const { codec, rewriter, dataCheck } = this.#parts;
    const isChecked = dataCheck?.isOn === true && changesData(update.mutations ?? []);
    if (codec.keys.encrypts || isChecked) return rewriter.update(ref, update, { indexed, deadline });
    const reply = await this.#runScript(ref, update, indexed, deadline);
    if (text(reply[0]) !== 'encrypted') return reply;
    return rewriter.update(ref, update, { indexed, deadline, record: reply[1] as Buffer });
  }

  async #runScript(
    ref: SessionRef,
    update: SessionUpdate,
    indexed: IndexedSubject | undefined,
    deadline: number | undefined,
  ): Promise<ScriptReply> {
    const { scripts } = this.#parts;
    const { mutations = [] } = update;
    const values = setArguments(update);
    if (values === undefined) {
      const args = [...updateArguments(update, indexed), ...mutations.flatMap(mutationArguments)];
      return scripts.run('update', ref, args, deadline);
    }
    return asUpdateReply(await scripts.run('set', ref, values, deadline), mutations.length);
  }
}
