import type { Product } from './catalogue';
import { html } from './html';
import type { Html } from './html';

/** A form that proves that it comes from this shop. */
export function postForm(action: string, csrfToken: string, fields: Html): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="csrf_token" value="${csrfToken}" />${fields}
  </form>`;
}

/** Adds a tea to the cart and returns to a page. */
export function addForm({ id }: Product, csrfToken: string, to: '/' | '/cart', button: Html): Html {
  return postForm(
    '/cart',
    csrfToken,
    html`<input type="hidden" name="tea" value="${id}" /><input type="hidden" name="to" value="${to}" />${button}`,
  );
}
