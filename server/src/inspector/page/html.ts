import { html } from 'hono/html';

export { html };

/** A piece of a page. Every text in a template is escaped, unless it is such a piece. */
export type Html = ReturnType<typeof html>;
