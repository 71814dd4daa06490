import type { Operation, OperationResult, SessionChange } from '../../session/change';
import type { SessionMetadata } from '../../session/session';

/*
 * How what the scripts take and give is spelled; the headers of the .lua files say in which order it comes.
 */

export function changeArguments({ ifVersion, secretHash, csrfToken, idleTimeout, subject }: SessionChange): string[] {
  return [
    orEmpty(ifVersion),
    secretHash ?? '',
    csrfToken ?? '',
    idleTimeout === 'never' ? '-' : orEmpty(idleTimeout),
    subject === undefined ? '' : `=${subject}`,
  ];
}

export function operationArguments(operation: Operation): (string | Buffer)[] {
  switch (operation.kind) {
    case 'set':
    case 'set_if_absent':
      return [operation.kind, operation.key, operation.value, ''];
    case 'delete':
    case 'take':
      return [operation.kind, operation.key, '', ''];
    case 'clear':
      return [operation.kind, '', '', ''];
    case 'append':
      return [operation.kind, operation.key, operation.value, flag(operation.unlessPresent)];
    case 'increment':
      return [operation.kind, operation.key, String(operation.by), ''];
    case 'push_flash':
      return [operation.kind, operation.queue, operation.message, flag(operation.unlessPresent)];
    case 'pop_flash':
      return [operation.kind, operation.queue, '', ''];
  }
}

/** What the update script says of one operation. */
export type RawResult = number | readonly [number, Buffer | readonly Buffer[]];

export function operationResult(raw: RawResult): OperationResult {
  if (typeof raw === 'number') return { applied: raw === 1 };
  const [applied, value] = raw;
  return { applied: applied === 1, ...(Buffer.isBuffer(value) ? { value } : { messages: value }) };
}

/** As metadata_of() in record.lua gives it. */
export function parseMetadata(reply: unknown): Omit<SessionMetadata, 'expires'> {
  const [version, created, accessed, idle] = text(reply).split(' ');
  return {
    version: Number(version),
    created: Number(created),
    accessed: Number(accessed),
    idleTimeout: idle === '-' ? undefined : Number(idle),
  };
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
