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
}

/** In the order in which a new session has them. The subject has no name, because it was the only attribute once. */
const names = { subject: '', label: 'label' } as const satisfies Record<keyof KnownAttributes, string>;
const known = Object.keys(names) as (keyof typeof names)[];

export const noAttributes: Attributes = new Map();

/** The attributes of a new session. */
export function toAttributes(session: KnownAttributes): Attributes {
  return applyAttributes(noAttributes, attributeChanges(session));
}

export function knownAttributes(attributes: Attributes): Required<KnownAttributes> {
  return { subject: attributes.get(names.subject), label: attributes.get(names.label) };
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
