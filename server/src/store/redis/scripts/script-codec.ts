import type { Mutation, MutationResult, SessionUpdate } from '../../../session/session-update';
import type { SessionMetadata } from '../../../session/session';
import { attributeChanges } from '../../attributes';

/* The arguments and replies of the scripts. The headers of the .lua files list them in order. */

/** What `set.lua` takes; `undefined`: the update is more than setting keys. */
export function setArguments(update: SessionUpdate): (string | Buffer)[] | undefined {
  const { mutations = [], ifVersion, secretHash, csrfToken, idleTimeout } = update;
  const others = [ifVersion, secretHash, csrfToken, idleTimeout];
  if (mutations.length === 0 || others.some((each) => each !== undefined)) return undefined;
  if (attributeChanges(update).length > 0) return undefined;
  const args: (string | Buffer)[] = [];
  for (const mutation of mutations) {
    if (mutation.kind !== 'set') return undefined;
    args.push(mutation.key, mutation.value);
  }
  return args;
}

export function updateArguments(update: SessionUpdate): string[] {
  const { ifVersion, secretHash, csrfToken, idleTimeout } = update;
  const attributes = attributeChanges(update);
  return [
    orEmpty(ifVersion),
    secretHash ?? '',
    csrfToken ?? '',
    idleTimeout === 'never' ? '-' : orEmpty(idleTimeout),
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

/** As metadata_of() in lib/record.lua formats it. */
export function parseMetadata(reply: unknown): Omit<SessionMetadata, 'expires'> {
  const [version, created, accessed, idle] = text(reply).split(' ');
  return {
    version: Number(version),
    created: Number(created),
    accessed: Number(accessed),
    idleTimeout: idle === '-' ? undefined : Number(idle),
  };
}

/** The subject of a session that got a new token: what `update.lua` appends to the metadata. */
export function subjectOf(metadata: unknown): string {
  return (metadata as Buffer).toString().split(' ').slice(4).join(' ');
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

export function number(reply: unknown): number {
  return Number(text(reply));
}
