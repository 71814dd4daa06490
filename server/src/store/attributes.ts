import type { SessionUpdate } from '../session/session-update';

/**
 * What a session has besides its content: texts by name, none of them empty. docs/reference/storage.md lists the names. Those that
 * this version does not know are kept.
 */
export type Attributes = ReadonlyMap<string, string>;

/** A name and the new text; empty: the attribute is removed. */
export type AttributeChange = readonly [name: string, value: string];

export interface KnownAttributes {
  readonly subject: string | undefined;
}

/** Empty, because the subject was the first attribute and had no name. */
const subjectName = '';

export const noAttributes: Attributes = new Map();

export function toAttributes({ subject }: KnownAttributes): Attributes {
  return applyAttributes(noAttributes, attributeChanges({ subject }));
}

export function knownAttributes(attributes: Attributes): KnownAttributes {
  return { subject: attributes.get(subjectName) };
}

export function attributeChanges({ subject }: Pick<SessionUpdate, keyof KnownAttributes>): AttributeChange[] {
  return subject === undefined ? [] : [[subjectName, subject]];
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
