import { html } from './html';
import type { Html } from './html';

export interface Product {
  readonly id: string;
  readonly name: string;
}

export interface Visit {
  readonly user: string | undefined;
  readonly cart: readonly string[];
  /** Flash messages for this page. */
  readonly messages: readonly string[];
  /** For the forms of the page; `undefined`: the visitor has no session, so there is nothing to protect. */
  readonly csrfToken: string | undefined;
}

export function shopPage(products: readonly Product[], visit: Visit): string {
  const { user, cart, csrfToken } = visit;
  const add = (product: Product) =>
    csrfToken === undefined
      ? html`<a href="/products/${product.id}">Choose</a>`
      : postForm('/cart', csrfToken, html`<button name="product" value="${product.id}">Add to cart</button>`);
  return layout('Shop', visit.messages, [
    user === undefined ? html`<p><a href="/login">Sign in</a></p>` : html`<p>Hello, ${user}!</p>`,
    html`<ul>
      ${products.map((product) => html`<li>${product.name} ${add(product)}</li>`)}
    </ul>`,
    html`<p>In your cart: ${cart.length === 0 ? 'nothing' : cart.join(', ')}</p>`,
    csrfToken !== undefined && cart.length > 0
      ? postForm('/checkout', csrfToken, html`<button>Pay</button>`)
      : undefined,
    csrfToken !== undefined && user !== undefined
      ? postForm('/logout', csrfToken, html`<button>Sign out</button>`)
      : undefined,
  ]);
}

export function productPage({ id, name }: Product, csrfToken: string): string {
  return layout(
    name,
    [],
    postForm('/cart', csrfToken, html`<button name="product" value="${id}">Add to cart</button>`),
  );
}

export function loginPage(csrfToken: string): string {
  return layout(
    'Sign in',
    [],
    postForm(
      '/login',
      csrfToken,
      html`<input name="name" placeholder="Your name" required /> <button>Sign in</button>`,
    ),
  );
}

export function errorPage(message: string): string {
  return layout('That did not work', [], [html`<p>${message}</p>`, html`<p><a href="/">To the shop</a></p>`]);
}

function postForm(action: string, csrfToken: string, fields: Html): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="csrf_token" value="${csrfToken}" />${fields}
  </form>`;
}

function layout(title: string, messages: readonly string[], content: Html | (Html | undefined)[]): string {
  return html`<!doctype html>
    <html lang="en">
      <title>${title}</title>
      <h1>${title}</h1>
      ${messages.map((message) => html`<p role="status">${message}</p>`)} ${content}
    </html>`.source;
}
