import { catalogue, linesOf } from './catalogue';
import type { CartLine, Product } from './catalogue';
import { addForm, postForm } from './forms';
import { html } from './html';
import type { Html } from './html';
import { head } from './layout';
import type { Visit, VisitWithForm } from './visit';

const cup = ({ id }: Product, size = '') => html`<span class="cup ${size} ${id}" aria-hidden="true"></span>`;

export function shopPage({ csrfToken }: Visit): Html {
  return html`
    <h1>Six teas, slowly brewed.</h1>
    <p class="lead">
      A small shop to try sessions on. The column beside each page shows what the shop keeps about you, and what the
      page cost.
    </p>
    <ul class="teas">
      ${catalogue.map((product) => teaCard(product, csrfToken))}
    </ul>
    <section class="tries" aria-labelledby="tries">
      <h2 id="tries">Try to break it</h2>
      <ul>
        <li>
          <h3><a href="/windows">Two windows at once</a></h3>
          <p>Add teas in both, as fast as you can. No click is lost.</p>
        </li>
        <li>
          <h3><a href="/cart">Sign out while paying</a></h3>
          <p>Paying takes a while. Sign out in another window meanwhile: the payment cannot bring the session back.</p>
        </li>
        <li>
          <h3><a href="/forged">A forged form</a></h3>
          <p>Send what another site would send in your name.</p>
        </li>
        ${
          csrfToken !== undefined &&
          html`<li>
            <h3>Let it expire</h3>
            <p>Then wait, and open any page.</p>
            ${postForm('/expire-soon', csrfToken, html`<button class="plain">End this session soon</button>`)}
          </li>`
        }
      </ul>
    </section>
  `;
}

function teaCard(product: Product, csrfToken: string | undefined): Html {
  const { id, name, origin, taste } = product;
  return html`<li class="tea">
    ${cup(product)}
    <h2><a href="/teas/${id}">${name}</a></h2>
    <p class="origin">${origin}</p>
    <p class="taste">${taste}</p>
    <div class="buy">
      ${price(product)}
      ${
        csrfToken === undefined
          ? html`<a class="button" href="/teas/${id}" aria-label="Choose ${name}">Choose</a>`
          : addForm(product, csrfToken, '/', html`<button aria-label="Add ${name} to the cart">Add</button>`)
      }
    </div>
  </li>`;
}

const price = (product: Product) => html`<span class="price">€${product.price} <small>50 g</small></span>`;

export function productPage(product: Product, { csrfToken }: VisitWithForm): Html {
  return html`<article class="product">
    ${cup(product, 'large')}
    <div>
      <p class="origin">${product.origin}</p>
      <h1>${product.name}</h1>
      <p class="lead">${product.taste}</p>
      <div class="buy">
        ${price(product)} ${addForm(product, csrfToken, '/', html`<button class="primary">Add to the cart</button>`)}
      </div>
    </div>
  </article>`;
}

export function cartPage({ cart, csrfToken }: Visit): Html {
  const lines = linesOf(cart);
  const total = lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  if (csrfToken === undefined)
    return html`<h1>Your cart</h1>
      <p class="lead">There is nothing in it. <a href="/">Choose a tea.</a></p>`;
  return html`
    <h1>Your cart</h1>
    ${lines.length === 0 ? html`<p class="lead">There is nothing in it yet.</p>` : cartTable(lines, total, csrfToken)}
    <section class="more" aria-labelledby="more">
      <h2 id="more">Add one</h2>
      <ul>
        ${catalogue.map(
          (product) =>
            html`<li>
              ${addForm(product, csrfToken, '/cart', html`<button>${cup(product, 'small')} ${product.name}</button>`)}
            </li>`,
        )}
      </ul>
    </section>
  `;
}

function cartTable(lines: readonly CartLine[], total: number, csrfToken: string): Html {
  const row = ({ product, quantity }: CartLine) =>
    html`<tr>
      <th scope="row">${cup(product, 'small')} ${product.name}</th>
      <td class="number">${quantity}</td>
      <td class="number">€${product.price * quantity}</td>
      <td>${removeForm(product, csrfToken)}</td>
    </tr>`;
  return html`<table class="cart">
      <thead>
        <tr>
          <th scope="col">Tea</th>
          <th scope="col" class="number">Packets</th>
          <th scope="col" class="number">Price</th>
          <td></td>
        </tr>
      </thead>
      <tbody>
        ${lines.map(row)}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Total</th>
          <td></td>
          <td class="number">€${total}</td>
          <td></td>
        </tr>
      </tfoot>
    </table>
    <div class="pay">${postForm('/pay', csrfToken, html`<button class="primary">Pay €${total}</button>`)}</div>`;
}

function removeForm({ id, name }: Product, csrfToken: string): Html {
  const fields = html`<input type="hidden" name="tea" value="${id}" />
    <input type="hidden" name="change" value="remove" />
    <input type="hidden" name="to" value="/cart" />
    <button class="plain" aria-label="Remove one ${name}">Remove</button>`;
  return postForm('/cart', csrfToken, fields);
}

export function signInPage({ csrfToken }: VisitWithForm): Html {
  const fields = html`<p class="field">
      <label for="name">Name</label>
      <input id="name" name="name" autocomplete="given-name" maxlength="40" required />
    </p>
    <p class="check">
      <input id="remember" type="checkbox" name="remember" value="yes" />
      <label for="remember">Remember me for 30 days</label>
    </p>
    <button class="primary">Sign in</button>`;
  return html`<div class="narrow">
    <h1>Sign in</h1>
    <p class="lead">Any name will do; there is no password.</p>
    ${postForm('/sign-in', csrfToken, fields)}
  </div>`;
}

export function forgedPage(): Html {
  return html`<div class="narrow">
    <h1>A forged form</h1>
    <p class="lead">
      This form adds a tea to your cart, but does not carry the CSRF token of your session: another site cannot know it.
    </p>
    <form method="post" action="/cart">
      <input type="hidden" name="tea" value="puerh" />
      <button class="primary">Send it</button>
    </form>
  </div>`;
}

/** @param detail what a developer wants to know */
export function errorPage(title: string, text: string, detail?: string): Html {
  return html`<div class="narrow">
    <h1>${title}</h1>
    <p class="lead">${text}</p>
    ${detail !== undefined && html`<p class="detail">${detail}</p>`}
    <p><a class="button" href="/">To the shop</a></p>
  </div>`;
}

export function windowsPage(): string {
  return html`<!doctype html>
    <html lang="en">
      ${head('Two windows')}
      <body class="windows">
        <header class="top">
          <a class="brand" href="/">Leaf &amp; Kettle</a>
          <h1>Two windows of one visitor</h1>
        </header>
        <main>
          <iframe src="/cart" title="Window one"></iframe>
          <iframe src="/cart" title="Window two"></iframe>
        </main>
      </body>
    </html>`.source;
}
