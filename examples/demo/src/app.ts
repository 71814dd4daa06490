import { join } from 'node:path';
import express from 'express';
import type { Express, Request } from 'express';
import type { SessionClient } from '@session-sidecar/client';
import { csrf, sessions } from '@session-sidecar/client/express';
import type { SessionData } from '@session-sidecar/client/express';
import { productOf, withProduct } from './catalogue';
import type { Cart } from './catalogue';
import { deviceOf } from './device';
import { devicesPage } from './devices-page';
import { showError } from './errors';
import type { Meter } from './meter';
import { createObserver } from './observer';
import { cartPage, errorPage, forgedPage, productPage, shopPage, signInPage, windowsPage } from './pages';
import { createShow } from './show';
import { visitOf, visitWithForm } from './visit';

declare module '@session-sidecar/client/express' {
  interface SessionData {
    name?: string;
    basket?: Cart;
    remembered?: boolean;
  }
}

export interface DemoOptions {
  readonly client: SessionClient<SessionData>;
  readonly meter: Meter;
  /** Charges the visitor. May take long. */
  readonly pay: (cart: Cart) => Promise<void>;
}

/** In seconds. */
const month = 30 * 24 * 3600;

/** No page has a script. The countdown of the panel is an attribute with a style. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'none'",
  "style-src-attr 'unsafe-inline'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'self'",
].join('; ');

export function createDemo({ client, meter, pay }: DemoOptions): Express {
  const app = express();
  // Makes the cookie Secure behind a proxy on this host that terminates https.
  app.set('trust proxy', 'loopback');
  app.use((_req, res, next) => {
    res.set('Content-Security-Policy', contentSecurityPolicy);
    next();
  });
  app.use(express.static(join(__dirname, '../public')));

  const observer = createObserver(meter);
  const show = createShow(observer);
  app.use(observer.middleware);

  // All that an application has to set up for sessions.
  app.use(sessions({ client, cookie: { maxAge: month, rolling: true }, remember: 'remembered' }));
  app.use(express.urlencoded({ extended: false }), csrf());

  app.get('/', async (req, res) => {
    const visit = await visitOf(req);
    show(req, res, { title: 'Six teas', visit, content: shopPage(visit) });
  });

  app.get('/teas/:id', async (req, res, next) => {
    const product = productOf(req.params.id);
    if (!product) return next();
    const visit = await visitWithForm(req);
    show(req, res, { title: product.name, visit, content: productPage(product, visit) });
  });

  app.get('/cart', async (req, res) => {
    const visit = await visitOf(req);
    show(req, res, { title: 'Your cart', visit, content: cartPage(visit) });
  });

  app.post('/cart', async (req, res, next) => {
    const product = productOf(fieldOf(req, 'tea'));
    if (!product) return next();
    const change = fieldOf(req, 'change') === 'remove' ? -1 : 1;
    // Not get() and set(), which would lose one of two simultaneous clicks.
    await req.session.transform('basket', (cart = {}) => withProduct(cart, product, change));
    req.session.flash(change > 0 ? `${product.name} is in your cart.` : `One ${product.name} less.`);
    res.redirect(303, fieldOf(req, 'to') === '/cart' ? '/cart' : '/');
  });

  app.post('/pay', async (req, res) => {
    await pay(req.session.get('basket', {}));
    // If the visitor has signed out meanwhile, saving this fails with 409, and the session stays ended.
    req.session.delete('basket');
    req.session.flash('Thank you. Your tea is on its way.');
    res.redirect(303, '/');
  });

  app.get('/sign-in', async (req, res) => {
    const visit = await visitWithForm(req);
    show(req, res, { title: 'Sign in', visit, content: signInPage(visit) });
  });

  app.post('/sign-in', async (req, res) => {
    // A real shop checks a password here.
    const name = fieldOf(req, 'name')?.trim().slice(0, 40) || 'Guest';
    req.session.set('name', name);
    req.session.setSubject(name);
    req.session.setLabel(deviceOf(req));
    // Both the cookie and the session outlive the browser then.
    if (fieldOf(req, 'remember') === 'yes') req.session.cookie.maxAge = month * 1000;
    req.session.flash(`Welcome, ${name}.`);
    // An attacker may know the token from before, so it must not be valid afterwards (session fixation). The
    // second of two clicks finds the token replaced, and signs in with another session.
    await req.session.regenerate({ orCreate: true });
    res.redirect(303, '/');
  });

  app.get('/devices', async (req, res) => {
    const { subject } = req.session;
    if (subject === undefined) return res.redirect(303, '/sign-in');
    const { sessions } = await client.forSubject(subject).page({ current: req.session, pageSize: 1000 });
    const visit = await visitWithForm(req);
    show(req, res, { title: 'Your devices', visit, content: devicesPage(sessions, visit.csrfToken) });
  });

  // Whose sessions end is taken from the session, never from the form: the handle of another visitor does nothing.
  app.post('/devices/sign-out', async (req, res) => {
    const { subject } = req.session;
    const hasEnded =
      subject !== undefined && (await client.forSubject(subject).invalidate(fieldOf(req, 'handle') ?? ''));
    req.session.flash(hasEnded ? 'That device is signed out.' : 'That device was signed out already.');
    res.redirect(303, '/devices');
  });

  app.post('/devices/sign-out-others', async (req, res) => {
    const { subject } = req.session;
    if (subject !== undefined) await client.forSubject(subject).invalidateAll({ exceptCurrent: req.session });
    req.session.flash('All other devices are signed out.');
    res.redirect(303, '/devices');
  });

  app.post('/sign-out', async (req, res) => {
    await req.session.invalidate();
    req.session.flash('You are signed out.');
    res.redirect(303, '/');
  });

  app.post('/expire-soon', (req, res) => {
    req.session.setIdleTimeout(10_000);
    req.session.flash('This session now ends soon after your last page.');
    res.redirect(303, '/');
  });

  app.get('/forged', async (req, res) => {
    show(req, res, { title: 'A forged form', visit: await visitOf(req), content: forgedPage() });
  });

  app.get('/windows', async (req, res) => {
    // Two windows that open without a session would start one each.
    await req.session.csrfToken();
    res.send(windowsPage());
  });

  app.use(async (req, res) => {
    const content = errorPage('Not here', 'There is no such page.');
    show(req, res, { title: 'Not here', status: 404, visit: await visitOf(req), content });
  });
  app.use(showError(show));
  return app;
}

function fieldOf({ body }: Request, name: string): string | undefined {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : undefined;
}
