import { html } from 'hono/html';

export { html };

/** A piece of a page. Every text in a template is escaped, unless it is such a piece. */
export type Html = ReturnType<typeof html>;

/** A template is a promise only if something in it is one, which nothing here is; else it is a String object. */
export function sourceOf(piece: Html): string {
  // oxlint-disable-next-line typescript/no-base-to-string
  return String(piece);
}
