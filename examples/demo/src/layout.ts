import { sizeOf } from './catalogue';
import { postForm } from './forms';
import { html } from './html';
import type { Html } from './html';
import type { Visit } from './visit';

export interface Frame {
  readonly title: string;
  readonly visit: Visit;
  readonly content: Html;
}

export function head(title: string): Html {
  return html`<head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Leaf &amp; Kettle</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/style.css" />
  </head>`;
}

/** Everything before the panel. */
export function startOfPage({ title, visit, content }: Frame): string {
  const shop = html`<a class="skip" href="#content">Skip to the content</a>
    <div class="shop">
      <header class="top">
        <a class="brand" href="/">Leaf &amp; Kettle</a>
        <nav aria-label="Shop">${navigation(visit)}</nav>
      </header>
      <div class="messages" role="status">${visit.messages.map((message) => html`<p>${message}</p>`)}</div>
      <main id="content">${content}</main>
      <footer class="foot">A demonstration of session-sidecar. Nothing is sold, and no page has a script.</footer>
    </div>`;
  return `<!doctype html><html lang="en">${head(title).source}<body class="page">${shop.source}`;
}

export const endOfPage = '</body></html>\n';

function navigation({ name, cart, csrfToken }: Visit): readonly Html[] {
  const size = sizeOf(cart);
  return [
    html`<a class="to-panel" href="#session">Session</a>`,
    html`<a href="/cart">Cart <span class="count">${size}</span></a>`,
    name !== undefined && csrfToken !== undefined
      ? html`<a class="name" href="/devices" title="Your devices">${name}</a> ${postForm(
            '/sign-out',
            csrfToken,
            html`<button class="plain">Sign out</button>`,
          )}`
      : html`<a href="/sign-in">Sign in</a>`,
  ];
}
