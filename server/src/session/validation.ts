import { isUtf8 } from 'node:buffer';
import type { Mutation } from './session-update';
import { idleTimeoutRange, maxNameBytes } from './limits';
import { Violations } from './violations';
import type { FieldViolation } from './violations';

/*
 * Validation of request fields. Each function returns the violations, named by the field's path in the request. They describe an
 * invalid value by its size or kind, never by its text.
 */

/** A key, a queue name, a subject or a label. Control characters would make records and logs unreadable. */
export function nameViolations(field: string, name: string, { mayBeEmpty = false } = {}): FieldViolation[] {
  const allowed = `Expected ${mayBeEmpty ? '0' : '1'} to ${maxNameBytes} bytes of UTF-8 without control characters`;
  const bytes = Buffer.byteLength(name);
  if ((bytes === 0 && !mayBeEmpty) || bytes > maxNameBytes) {
    return [{ field, description: `${allowed}, got ${bytes} bytes.` }];
  }
  if (/\p{Cc}/u.test(name)) return [{ field, description: `${allowed}, got a control character.` }];
  // The protobuf reader replaces invalid UTF-8 with U+FFFD: two such keys could not be distinguished.
  if (name.includes('\ufffd')) return [{ field, description: `${allowed}, got invalid UTF-8.` }];
  return [];
}

/** @param mutations at most as many as a request may have; `undefined`: one of an unknown kind */
export function mutationsViolations(mutations: readonly (Mutation | undefined)[]): FieldViolation[] {
  const violations = new Violations();
  for (const [index, mutation] of mutations.entries()) {
    if (mutation === undefined) violations.add(unknownMutation(index));
    else violations.add(...mutationViolations(mutation, `${mutationField(mutation, index)}.`));
  }
  return violations.toList();
}

function unknownMutation(index: number): FieldViolation {
  const description = 'Expected exactly one kind of mutation, got none this version knows.';
  return { field: `mutations[${index}]`, description };
}

/** The path of a mutation in the request. */
export function mutationField({ kind }: Mutation, index: number): string {
  return `mutations[${index}].${kind}`;
}

/** @param path prefix of the mutation's own fields */
export function mutationViolations(mutation: Mutation, path: string): FieldViolation[] {
  switch (mutation.kind) {
    case 'set':
    case 'set_if_absent':
      return [...nameViolations(`${path}key`, mutation.key), ...valueViolations(`${path}value`, mutation.value)];
    case 'delete':
    case 'take':
      return nameViolations(`${path}key`, mutation.key);
    case 'clear':
      return [];
    case 'append':
      return [...nameViolations(`${path}key`, mutation.key), ...jsonViolations(`${path}value`, mutation.value)];
    case 'increment':
      return [...nameViolations(`${path}key`, mutation.key), ...incrementViolations(`${path}by`, mutation.by)];
    case 'push_flash':
      return [
        ...nameViolations(`${path}queue`, mutation.queue, { mayBeEmpty: true }),
        ...valueViolations(`${path}message`, mutation.message),
      ];
    case 'pop_flash':
      return nameViolations(`${path}queue`, mutation.queue, { mayBeEmpty: true });
  }
}

export function idleTimeoutViolations(idleTimeout: number | 'never' | false | undefined): FieldViolation[] {
  if (idleTimeout === undefined || idleTimeout === 'never') return [];
  if (idleTimeout === false) return [{ field: 'no_idle_timeout', description: 'Expected true or nothing, got false.' }];
  const { min, max } = idleTimeoutRange;
  if (Number.isInteger(idleTimeout) && idleTimeout >= min && idleTimeout <= max) return [];
  const description =
    `Expected ${min / 1000} second to ${max / 1000} seconds in whole milliseconds, got ${idleTimeout / 1000} seconds. ` +
    'For a session that does not expire by being idle, set no_idle_timeout.';
  return [{ field: 'idle_timeout', description }];
}

/** A subject or a label. */
export function attributeViolations(
  field: string,
  value: string | undefined,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): FieldViolation[] {
  return value === undefined ? [] : nameViolations(field, value, { mayBeEmpty });
}

export function versionViolations(ifVersion: number | undefined): FieldViolation[] {
  if (ifVersion === undefined || ifVersion >= 1) return [];
  return [{ field: 'if_version', description: `Expected a version, 1 or more, got ${ifVersion}.` }];
}

export function fenceViolations(fence: number | undefined): FieldViolation[] {
  if (fence === undefined || fence >= 1) return [];
  return [{ field: 'fence', description: `Expected the fence of a lease, 1 or more, got ${fence}.` }];
}

/** @param duration in milliseconds */
export function durationViolations(
  field: string,
  duration: number | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): FieldViolation[] {
  if (duration !== undefined && Number.isInteger(duration) && duration >= min && duration <= max) return [];
  const got = duration === undefined ? 'none' : `${duration} milliseconds`;
  return [{ field, description: `Expected ${min} to ${max} whole milliseconds, got ${got}.` }];
}

/** @param max 0 means the default, which is not more */
export function pageSizeViolations(size: number, max: number): FieldViolation[] {
  if (size >= 0 && size <= max) return [];
  return [{ field: 'page_size', description: `Expected 0 to ${max}, got ${size}.` }];
}

/** @param field that holds a handle, or a page token, which is one */
export function handleViolations(field: string, handle: string): FieldViolation[] {
  if (/^[\w-]{22}$/.test(handle)) return [];
  const expected = field === 'page_token' ? 'the next_page_token of an earlier page' : 'a handle';
  return [{ field, description: `Expected ${expected}, got another text of ${handle.length} characters.` }];
}

export function handlesViolations(handles: readonly string[], max: number): FieldViolation[] {
  if (handles.length > max)
    return [{ field: 'handles', description: `Expected at most ${max}, got ${handles.length}.` }];
  const violations = new Violations();
  for (const [index, handle] of handles.entries()) violations.add(...handleViolations(`handles[${index}]`, handle));
  return violations.toList();
}

function valueViolations(field: string, value: Buffer): FieldViolation[] {
  if (value.length > 0) return [];
  return [{ field, description: 'Expected a JSON text, got 0 bytes. JSON null is the four bytes null.' }];
}

/** An element must be one complete JSON text: a fragment, or invalid UTF-8, would break the array that it is appended to. */
function jsonViolations(field: string, value: Buffer): FieldViolation[] {
  if (isJson(value)) return [];
  return [{ field, description: `Expected a JSON text, got ${value.length} bytes of invalid JSON.` }];
}

function isJson(text: Buffer): boolean {
  if (!isUtf8(text)) return false;
  try {
    JSON.parse(text.toString());
    return true;
  } catch {
    return false;
  }
}

function incrementViolations(field: string, by: number): FieldViolation[] {
  if (Number.isSafeInteger(by) && by !== 0) return [];
  return [{ field, description: 'Expected an integer from -(2^53)+1 to 2^53-1 other than 0.' }];
}
