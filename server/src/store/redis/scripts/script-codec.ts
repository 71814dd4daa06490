import { changesTerms } from '../../../session/session-update';
import type { Mutation, MutationResult, OperandProblem, Refusal, SessionUpdate } from '../../../session/session-update';
import type { Limits } from '../../../session/limits';
import type { SessionMetadata } from '../../../session/session';
import type { FieldViolation } from '../../../session/violations';
import { attributeChanges } from '../../attributes';
import type { ScriptReply } from './script-runner';

const noText = Buffer.alloc(0);

/* The arguments and replies of the scripts. The headers of the .lua files list them in order. */

/** What `set.lua` takes; `undefined`: the update is more than setting keys. */
export function setArguments(update: SessionUpdate): (string | Buffer)[] | undefined {
  const { mutations = [], ifVersion, fence } = update;
  if (mutations.length === 0 || ifVersion !== undefined || fence !== undefined) return undefined;
  if (changesTerms(update)) return undefined;
  const args: (string | Buffer)[] = [];
  for (const mutation of mutations) {
    if (mutation.kind !== 'set') return undefined;
    args.push(mutation.key, mutation.value);
  }
  return args;
}

/** The entry that the index of a session's subject has for it. */
export interface IndexedSubject {
  readonly subject: string;
  /** How long the session may live from now on, in ms; `undefined`: for ever. */
  readonly lifetimeMs: number | undefined;
}

export function updateArguments(update: SessionUpdate, indexed?: IndexedSubject): string[] {
  const { ifVersion, fence, secretHash, graceMs, csrfToken, idleTimeout } = update;
  const attributes = attributeChanges(update);
  return [
    orEmpty(ifVersion),
    secretHash ?? '',
    csrfToken ?? '',
    idleTimeout === 'never' ? '-' : orEmpty(idleTimeout),
    indexed?.subject ?? '',
    orDash(indexed?.lifetimeMs),
    orEmpty(fence),
    orEmpty(graceMs),
    String(attributes.length),
    ...attributes.flat(),
  ];
}

export function mutationArguments(mutation: Mutation): (string | Buffer)[] {
  switch (mutation.kind) {
    case 'set':
    case 'set_if_absent':
      return [mutation.kind, mutation.key, mutation.value, ''];
    case 'delete':
    case 'take':
      return [mutation.kind, mutation.key, '', ''];
    case 'clear':
      return [mutation.kind, '', '', ''];
    case 'append':
      return [mutation.kind, mutation.key, mutation.value, flag(mutation.unlessPresent)];
    case 'increment':
      return [mutation.kind, mutation.key, String(mutation.by), ''];
    case 'push_flash':
      return [mutation.kind, mutation.queue, mutation.message, flag(mutation.unlessPresent)];
    case 'pop_flash':
      return [mutation.kind, mutation.queue, '', ''];
  }
}

/** The update script's reply for one mutation. */
export type RawResult = number | readonly [number, Buffer | readonly Buffer[]];

export function mutationResult(raw: RawResult): MutationResult {
  if (typeof raw === 'number') return { applied: raw === 1 };
  const [applied, value] = raw;
  return { applied: applied === 1, ...(Buffer.isBuffer(value) ? { value } : { messages: value }) };
}

/** The inverse of {@link mutationResult}. */
export function rawResult({ applied, value, messages }: MutationResult): RawResult {
  const gives = value ?? messages;
  return gives === undefined ? Number(applied) : [Number(applied), gives];
}

/** Why an update was refused; `undefined`: the reply is another one. */
export function parseRefusal([status, ...rest]: ScriptReply): Refusal | undefined {
  switch (text(status)) {
    case 'operand':
      return { kind: 'operand', mutation: number(rest[0]), problem: text(rest[1]) as OperandProblem };
    case 'limit':
      return { kind: 'limit', limit: text(rest[0]) as keyof Limits };
    case 'schema':
      return { kind: 'schema', violations: rest as FieldViolation[] };
    default:
      return undefined;
  }
}

/** The inverse of {@link parseRefusal}. */
export function refusalReply(refusal: Refusal): ScriptReply {
  const status = Buffer.from(refusal.kind);
  switch (refusal.kind) {
    case 'operand':
      return [status, Buffer.from(String(refusal.mutation)), Buffer.from(refusal.problem)];
    case 'limit':
      return [status, Buffer.from(refusal.limit)];
    case 'schema':
      return [status, ...refusal.violations];
  }
}

/** A reply of `set.lua`, as `update.lua` gives it. @param mutations how many there were */
export function asUpdateReply(reply: ScriptReply, mutations: number): ScriptReply {
  const [status, metadata, due] = reply;
  if (text(status) !== 'updated') return reply;
  return [status, metadata, noText, due, noText, ...Array.from({ length: mutations }, () => 1)];
}

/** What `update.lua` asks for when it answers `unprepared`. */
export function parseUnprepared([, subject, lifetime]: readonly unknown[]): IndexedSubject {
  const lifetimeMs = number(lifetime);
  return { subject: utf8(subject), lifetimeMs: Number.isNaN(lifetimeMs) ? undefined : lifetimeMs };
}

/** As reply_of() in lib/record.lua formats it. */
export function parseMetadata(reply: unknown): Omit<SessionMetadata, 'expires'> {
  const [version, created, accessed, idle] = text(reply).split(' ');
  return {
    version: Number(version),
    created: Number(created),
    accessed: Number(accessed),
    idleTimeout: idle === '-' ? undefined : Number(idle),
  };
}

/** Whether a session was found by its previous secret, as reply_of() in lib/record.lua says. */
export function isByPrevious(reply: unknown): boolean {
  return text(reply).endsWith(' previous');
}

/** The version of a session that was removed; `undefined`: its record could not be read. */
export function parseVersion(reply: unknown): number | undefined {
  return Number(text(reply)) || undefined;
}

function flag(value: boolean): string {
  return value ? '1' : '';
}

function orEmpty(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

export function orDash(value: number | undefined): string {
  return value === undefined ? '-' : String(value);
}

export function text(reply: unknown): string {
  return (reply as Buffer).toString('latin1');
}

export function utf8(reply: unknown): string {
  return (reply as Buffer).toString('utf8');
}

export function number(reply: unknown): number {
  return Number(text(reply));
}
