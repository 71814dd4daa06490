import { LiveSession } from '../session/live-session';
import { habits } from './session-habits';

/** Which keys of a session are properties of the object that the application gets, and which of these are members of it. */
export interface SessionProperties {
  /** Whether an assignment to the property sets the key. */
  isAssignable(name: string): boolean;
  /** Whether the property is a member of every session, such as `save`. */
  isMember(name: string): boolean;
}

/** What Passport assigns. */
const passportKeys = ['passport', 'messages', 'returnTo'] as const;

/** What connect-flash assigns. It is a method otherwise. */
const flashKey = 'flash';

/** @throws TypeError for keys whose properties sessions have already */
export function resolveProperties(properties: true | readonly string[] = []): SessionProperties {
  if (properties !== true && !Array.isArray(properties)) {
    throw new TypeError(`Expected \`properties\` to be true or an array of keys, got \`${String(properties)}\``);
  }
  const hasAll = properties === true;
  const keys: readonly unknown[] = hasAll ? [flashKey] : properties;
  const listed = new Set<unknown>([...passportKeys, ...keys]);
  for (const name of listed) {
    if (typeof name === 'string' && (name === flashKey || !isSessionMember(name))) continue;
    throw new TypeError(`Expected \`properties\` to be keys that are no members of a session, got \`${String(name)}\``);
  }
  const isMember = (name: string): boolean => isSessionMember(name) && !(name === flashKey && listed.has(name));
  return { isMember, isAssignable: (name) => listed.has(name) || (hasAll && !isMember(name)) };
}

/** Whether every session has this property. */
export function isSessionMember(name: string): boolean {
  return name in LiveSession.prototype || name === 'origin' || Object.hasOwn(habits, name);
}
