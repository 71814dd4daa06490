import express from 'express';
import type { ErrorRequestHandler, Express, Request } from 'express';
import type { SessionClient } from '@session-sidecar/client';
import { csrf, sessions } from '@session-sidecar/client/express';
import type { SessionData } from '@session-sidecar/client/express';
import { errorPage, loginPage, productPage, shopPage } from './pages';
import type { Product, Visit } from './pages';

declare module '@session-sidecar/client/express' {
  interface SessionData {
    user?: string;
    /** Names of products. */
    cart?: string[];
  }
}

export interface ShopOptions {
  readonly client: SessionClient<SessionData>;
  /** Charges the visitor. May take long. */
  readonly pay: (cart: readonly string[]) => Promise<void>;
}

const products: readonly Product[] = [
  { id: 'tea', name: 'Tea' },
  { id: 'cups', name: 'Two cups' },
  { id: 'kettle', name: 'Kettle' },
];

export function createShop({ client, pay }: ShopOptions): Express {
  const app = express();
  // Makes the cookie Secure behind a proxy on this host that terminates https.
  app.set('trust proxy', 'loopback');
  app.use(sessions({ client }));
  app.use(express.urlencoded({ extended: false }));
  app.use(csrf());

  app.get('/', async (req, res) => {
    res.send(shopPage(products, await visitOf(req)));
  });

  app.get('/products/:id', async (req, res) => {
    const product = productOf(req.params.id);
    if (!product) return void res.status(404).send(errorPage('There is no such product.'));
    res.send(productPage(product, await req.session.csrfToken()));
  });

  app.post('/cart', async (req, res) => {
    const product = productOf(fieldOf(req, 'product'));
    if (!product) return void res.status(400).send(errorPage('There is no such product.'));
    // Not get() and set(), which would lose one of two simultaneous clicks.
    await req.session.transform('cart', (cart = []) => [...cart, product.name]);
    req.session.flash(`${product.name} is in your cart.`);
    res.redirect(303, '/');
  });

  app.post('/checkout', async (req, res) => {
    await pay(req.session.get('cart', []));
    // If the visitor has signed out meanwhile, saving this fails with 409, and the session stays ended.
    req.session.delete('cart');
    req.session.flash('Thank you!');
    res.redirect(303, '/');
  });

  app.get('/login', async (req, res) => {
    res.send(loginPage(await req.session.csrfToken()));
  });

  app.post('/login', async (req, res) => {
    const user = fieldOf(req, 'name');
    // A real shop checks a password here.
    if (!user) return void res.status(400).send(errorPage('Please enter your name.'));
    req.session.set('user', user);
    req.session.setSubject(user);
    req.session.flash(`Welcome, ${user}!`);
    // An attacker may know the token from before the login, so it must not be valid afterwards (session fixation). The
    // second of two clicks finds the token replaced, and signs in with another session.
    await req.session.regenerate({ orCreate: true });
    res.redirect(303, '/');
  });

  app.post('/logout', async (req, res) => {
    await req.session.invalidate();
    req.session.flash('You are signed out.');
    res.redirect(303, '/');
  });

  app.use(showError);
  return app;
}

async function visitOf({ session }: Request): Promise<Visit> {
  return {
    user: session.get('user'),
    cart: session.get('cart', []),
    messages: await session.popFlash<string>(),
    // csrfToken() stores a session, which the front page must not do for every visitor and crawler. Without a session, it links
    // to pages that have a form each, and not to a form without a token: a form of another site arrives without the cookie
    // (SameSite), and if it could start a session, that would replace the visitor's own.
    csrfToken: session.isNew ? undefined : await session.csrfToken(),
  };
}

function productOf(id: string | undefined): Product | undefined {
  return products.find((product) => product.id === id);
}

function fieldOf({ body }: Request, name: string): string | undefined {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : undefined;
}

const showError: ErrorRequestHandler = (error: { status?: unknown }, _req, res, next) => {
  // Too late for an error page: Express closes the connection.
  if (res.headersSent) {
    next(error);
    return;
  }
  const status = typeof error.status === 'number' ? error.status : 500;
  if (status >= 500) console.error(error);
  res.status(status).send(errorPage(messages[status] ?? 'Something went wrong. Please try again later.'));
};

const messages: Readonly<Record<number, string>> = {
  403: 'This form is out of date. Please go back, reload the page and try again.',
  409: 'Your session has ended, for example because you signed out in another window.',
};
