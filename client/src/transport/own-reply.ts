import type { MutationResult, Session, SubjectSession } from '@session-sidecar/proto/session/v1/session';
import { EncodedValue } from './encoded-value';

/** A session as a reply has it, with values that share no memory with the reply. */
export interface LoadedSession extends Omit<Session, 'data'> {
  readonly data: ReadonlyMap<string, EncodedValue>;
}

/** A session of a list, likewise. */
export interface ListedSession extends Omit<SubjectSession, 'data'> {
  readonly data: ReadonlyMap<string, EncodedValue>;
}

/** The same message with memory of its own. */
export type OwnReply<Message> = Message extends { session?: Session | undefined }
  ? Omit<Message, 'session'> & { session?: LoadedSession | undefined }
  : Message extends { sessions: SubjectSession[] }
    ? Omit<Message, 'sessions'> & { sessions: ListedSession[] }
    : Message;

/** The parts of replies that have bytes. */
interface BytesOfReply {
  session?: Session | undefined;
  sessions?: SubjectSession[];
  etag?: Buffer;
  results?: MutationResult[];
  messages?: Buffer[];
}

/**
 * Copies all bytes of a decoded reply out of the memory that it was decoded from, which can then be freed.
 *
 * @param reply is changed, and is the result
 */
export function ownReply<Message extends object>(reply: Message): OwnReply<Message> {
  const parts: BytesOfReply = reply;
  if (parts.session !== undefined) ownData(parts.session.data);
  for (const { data } of parts.sessions ?? []) ownData(data);
  if (parts.etag !== undefined) parts.etag = ownBytes(parts.etag);
  if (parts.messages !== undefined) parts.messages = parts.messages.map(ownBytes);
  for (const result of parts.results ?? []) {
    if (result.value !== undefined) result.value = ownBytes(result.value);
    result.messages = result.messages.map(ownBytes);
  }
  return reply as OwnReply<Message>;
}

function ownData(data: Map<string, Buffer | EncodedValue>): void {
  for (const [key, value] of data) data.set(key, new EncodedValue(value));
}

const noBytes = Buffer.alloc(0);

function ownBytes(bytes: Buffer): Buffer {
  return bytes.length === 0 ? noBytes : Buffer.from(bytes);
}
