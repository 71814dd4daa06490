import type { LoadedSession } from '../transport/own-reply';
import type { ValueCodec } from './codec';
import { FlashMessages } from './flash-messages';
import type { SaveKind } from './pending-writes';
import { SessionData } from './session-data';
import type { NewText, SessionUpdate } from './session-update';

/** What a session holds, as loaded, and everything that is not saved yet. */
export class SessionContent {
  readonly #codec: ValueCodec;
  readonly data: SessionData;
  readonly flash: FlashMessages;
  /** Not saved yet. */
  #idleTimeout: SessionUpdate['idleTimeout'];
  /** Not saved yet. */
  #subject: NewText;
  /** Not saved yet. */
  #label: NewText;

  /** @param session what was loaded. Default: nothing */
  constructor(codec: ValueCodec, session?: Pick<LoadedSession, 'data' | 'flashQueues'>) {
    this.#codec = codec;
    this.data = new SessionData(codec, session?.data);
    this.flash = new FlashMessages(codec, session?.flashQueues);
  }

  get idleTimeout(): SessionUpdate['idleTimeout'] {
    return this.#idleTimeout;
  }

  get subject(): NewText {
    return this.#subject;
  }

  get label(): NewText {
    return this.#label;
  }

  setIdleTimeout(timeout: number | 'never'): void {
    this.#idleTimeout = { value: timeout };
  }

  setSubject(subject: string | undefined): void {
    this.#subject = { value: subject ?? '' };
  }

  setLabel(label: string | undefined): void {
    this.#label = { value: label ?? '' };
  }

  /** Whether there is anything to save, in a session that is stored or not. */
  hasChanges(isStored: boolean): boolean {
    if (this.flash.hasChanges || this.data.hasChanges(isStored ? 'update' : 'create')) return true;
    if (!isStored) return Boolean(this.#subject?.value);
    return [this.#idleTimeout, this.#subject, this.#label].some((change) => change !== undefined);
  }

  /** The content of another session: what was written to this one and not saved, and nothing that was loaded. */
  written(): SessionContent {
    const content = new SessionContent(this.#codec);
    this.data.copyWrites(content.data);
    this.flash.copyUnsaved(content.flash);
    content.#idleTimeout = this.#idleTimeout;
    content.#subject = this.#subject;
    content.#label = this.#label;
    return content;
  }

  /** @param popped flash queues whose unsaved messages are not to be sent */
  capture(save: SaveKind, popped?: ReadonlySet<string>): SessionUpdate {
    const data = this.data.capture(save);
    const flash = this.flash.capture(popped);
    const idleTimeout = save === 'regenerate' ? undefined : this.#idleTimeout;
    const [subject, label] = [this.#subject, this.#label];
    return {
      mutations: [...data.mutations, ...flash.mutations],
      idleTimeout,
      subject,
      label,
      settle: (results) => {
        data.settle(results.slice(0, data.mutations.length));
        flash.settle(results.slice(data.mutations.length));
        this.settleIdleTimeout(idleTimeout);
        if (this.#subject === subject) this.#subject = undefined;
        if (this.#label === label) this.#label = undefined;
      },
    };
  }

  /** An idle timeout was saved. Keeps one that was set since. */
  settleIdleTimeout(saved: SessionUpdate['idleTimeout']): void {
    if (this.#idleTimeout === saved) this.#idleTimeout = undefined;
  }
}
