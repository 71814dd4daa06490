import type { Lease, PreviousToken } from '../session/lease';
import type { SessionUpdate } from '../session/session-update';

/**
 * What a session has besides its content: texts by name, none of them empty. docs/reference/storage.md lists the names. Those that
 * this version does not know are kept.
 */
export type Attributes = ReadonlyMap<string, string>;

/** A name and the new text; empty: the attribute is removed. */
export type AttributeChange = readonly [name: string, value: string];

export interface KnownAttributes {
  readonly subject?: string | undefined;
  readonly label?: string | undefined;
  readonly signingKey?: string | undefined;
}

/** In the order in which a new session has them. The subject has no name, because it was the only attribute once. */
const names = { subject: '', label: 'label', signingKey: 'signing_key' } as const satisfies Record<
  keyof KnownAttributes,
  string
>;
const known = Object.keys(names) as (keyof typeof names)[];
const leaseName = 'lease';
const previousName = 'previous';

export const noAttributes: Attributes = new Map();

/** The attributes of a new session. */
export function toAttributes(session: KnownAttributes): Attributes {
  return applyAttributes(noAttributes, attributeChanges(session));
}

export function knownAttributes(attributes: Attributes): Required<Pick<KnownAttributes, 'subject' | 'label'>> {
  return { subject: attributes.get(names.subject), label: attributes.get(names.label) };
}

/** The fingerprint of the key that signed the session's token; `undefined`: not recorded. */
export function signingKeyOf(attributes: Attributes): string | undefined {
  return attributes.get(names.signingKey);
}

export function attributeChanges(update: Pick<SessionUpdate, keyof KnownAttributes>): AttributeChange[] {
  return known.flatMap((attribute): AttributeChange[] => {
    const value = update[attribute];
    return value === undefined ? [] : [[names[attribute], value]];
  });
}

export function applyAttributes(attributes: Attributes, changes: readonly AttributeChange[]): Attributes {
  if (changes.length === 0) return attributes;
  const changed = new Map(attributes);
  for (const [name, value] of changes) {
    if (value === '') changed.delete(name);
    else changed.set(name, value);
  }
  return changed;
}

/** The last lease, whether or not it lasts. */
export function leaseOf(attributes: Attributes): Lease | undefined {
  const [, fence, expires, holder = ''] = /^(\d+) (\d+) (.*)$/su.exec(attributes.get(leaseName) ?? '') ?? [];
  return fence === undefined ? undefined : { fence: Number(fence), expires: Number(expires), holder };
}

export function leaseChange({ fence, expires, holder }: Lease): AttributeChange {
  return [leaseName, `${fence} ${expires} ${holder}`];
}

/** The token that was replaced last, if it was with a grace. */
export function previousToken(attributes: Attributes): PreviousToken | undefined {
  const [, secretHash, ends] = /^([\w-]+) (\d+)$/.exec(attributes.get(previousName) ?? '') ?? [];
  return secretHash === undefined ? undefined : { secretHash, ends: Number(ends) };
}

/** @param previous `undefined`: none */
export function previousTokenChange(previous: PreviousToken | undefined): AttributeChange {
  return [previousName, previous === undefined ? '' : `${previous.secretHash} ${previous.ends}`];
}
