import type { MutationResult } from '@session-sidecar/proto/session/v1/session';
import type {
  NotModified,
  UpdateSessionRequest,
  UpdateSessionResponse,
} from '@session-sidecar/proto/session/v1/session_service';
import { KeptValue } from '../session/kept-value';
import type { OnDecoded } from '../session/kept-value';
import { EncodedValue } from '../transport/encoded-value';
import type { LoadedSession } from '../transport/own-reply';
import type { Epoch } from './liveness';

/** Approximate sizes of objects, in bytes: of a session without its values, of a key without its text. */
const sizes = { session: 1320, key: 120, queue: 160 } as const;

export interface KeptSession extends LoadedSession {
  readonly data: ReadonlyMap<string, KeptValue>;
}

/** A session in the cache. It never changes, apart from what it is trusted for: a change makes another one. */
export interface Entry {
  readonly token: string;
  readonly session: KeptSession;
  /** Names its state for the sidecar; as latin1, because a small Buffer keeps a pool of 8 KB in memory. */
  readonly etag: string;
  /** Its approximate size. */
  bytes: number;
  /** In which every change to it would be reported; `undefined`: the sidecar has to confirm it. */
  epoch: Epoch | undefined;
  /** Until when the sidecar need not be asked, by `performance.now()`. */
  liveUntil: number;
}

/** What is kept must share no memory with what is not, such as a header that the token was cut out of. */
function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function entryOf(token: string, session: KeptSession, etag: Buffer): Entry {
  const entry = { token, session, etag: etag.toString('latin1'), bytes: 0, epoch: undefined, liveUntil: 0 };
  return { ...entry, bytes: bytesOf(session) };
}

function bytesOf({ data, flashQueues }: KeptSession): number {
  let bytes = sizes.session + sizes.queue * flashQueues.length;
  for (const [key, value] of data) bytes += sizes.key + 2 * key.length + value.heldBytes;
  return bytes;
}

/** Whether an entry is newer than another of the same epoch, or is the same state and live for longer. */
export function outranks(entry: Entry, other: Entry): boolean {
  const { version } = entry.session;
  if (version !== other.session.version) return version > other.session.version;
  return other.epoch === undefined || (entry.etag === other.etag && entry.liveUntil > other.liveUntil);
}

/** The session as the sidecar has sent it. */
export function received(token: string, session: LoadedSession, etag: Buffer, onDecoded: OnDecoded): Entry {
  const data = new Map<string, KeptValue>();
  for (const [key, value] of session.data) data.set(key, new KeptValue(value, onDecoded));
  return entryOf(ownCopy(token), { ...session, data }, etag);
}

/** The same state, as the sidecar has confirmed it. */
export function confirmed(entry: Entry, { expires }: NotModified): Entry {
  return { ...entry, session: { ...entry.session, expires } };
}

/** The state after an update that was applied to this one; `undefined`: it is not known. */
export function updated(
  entry: Entry,
  { mutations, subject, label, idleExpiry }: UpdateSessionRequest,
  { version, expires, results, etag }: UpdateSessionResponse,
  onDecoded: OnDecoded,
): Entry | undefined {
  if (etag.length === 0 || [subject, label, idleExpiry].some((other) => other !== undefined)) return undefined;
  if (results.length !== mutations.length) return undefined;
  const data = new Map(entry.session.data);
  const queues = new Map(entry.session.flashQueues.map(({ name, messageCount }) => [name, messageCount]));
  for (const [index, { kind }] of mutations.entries()) {
    const applied = isApplied(results[index]);
    switch (kind?.$case) {
      case 'set':
      case 'setIfAbsent':
        if (applied) data.set(kind.value.key, new KeptValue(new EncodedValue(kind.value.value), onDecoded));
        break;
      case 'delete':
        data.delete(kind.value.key);
        break;
      case 'clear':
        data.clear();
        break;
      case 'pushFlash':
        if (applied) queues.set(kind.value.queue, (queues.get(kind.value.queue) ?? 0) + 1);
        break;
      case 'popFlash':
        queues.delete(kind.value.queue);
        break;
      default:
        return undefined;
    }
  }
  const flashQueues = Array.from(queues, ([name, messageCount]) => ({ name, messageCount }));
  return entryOf(entry.token, { ...entry.session, data, flashQueues, version, expires }, etag);
}

function isApplied(result: MutationResult | undefined): boolean {
  return result?.applied === true;
}
