import { request } from 'node:http';

/** A reply of the shop, or how the request failed. */
export interface Reply {
  /** 0: there was none. */
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
}

export interface Request {
  readonly method?: string;
  readonly cookie?: string | undefined;
  readonly form?: Readonly<Record<string, string>>;
}

/** One request on a connection of its own, so that the Service chooses a pod for each. Never throws. */
export function ask(url: string, { method = 'GET', cookie, form }: Request = {}): Promise<Reply> {
  const body = form && new URLSearchParams(form).toString();
  return new Promise((resolve) => {
    const fail = ({ message }: Error) => resolve({ status: 0, text: message, cookie: undefined });
    const headers = {
      ...(cookie !== undefined && { cookie }),
      ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    const call = request(url, { method, headers, agent: false, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', fail);
      response.on('end', () => {
        const set = response.headers['set-cookie']?.[0]?.split(';')[0];
        resolve({ status: response.statusCode ?? 0, text, cookie: set });
      });
    });
    call.on('timeout', () => call.destroy(new Error('no reply within 30 s')));
    call.on('error', fail);
    call.end(body);
  });
}

/** Someone who is signed in. */
export interface Visitor {
  readonly name: string;
  readonly cookie: string;
}

const csrfTokenIn = ({ text }: Reply) => /name="csrf_token" value="([^"]+)"/.exec(text)?.[1] ?? '';

/** @throws Error with the shop's reply, if it does not let the visitor in */
export async function signIn(url: string, name: string): Promise<Visitor> {
  const page = await ask(`${url}/login`);
  const form = { name, csrf_token: csrfTokenIn(page) };
  const done = await ask(`${url}/login`, { method: 'POST', cookie: page.cookie, form });
  if (done.status !== 303) throw new Error(`Signing in: ${page.status}, ${done.status} ${done.text}`);
  return { name, cookie: done.cookie ?? page.cookie! };
}

/** The front page as a visitor sees it. */
export const visit = (url: string, { cookie }: Visitor) => ask(`${url}/`, { cookie });

export const knows = ({ status, text }: Reply, { name }: Visitor) => status === 200 && text.includes(`Hello, ${name}!`);

/** Whether the shop still knows someone who signed in before. */
export async function isKnown(url: string, visitor: Visitor): Promise<boolean> {
  return knows(await visit(url, visitor), visitor);
}

/** Returns how a visitor submits a form of the front page. */
export async function formsOf(url: string, visitor: Visitor) {
  const form = { csrf_token: csrfTokenIn(await visit(url, visitor)) };
  return (path: string, fields: Readonly<Record<string, string>> = {}) =>
    ask(`${url}${path}`, { method: 'POST', cookie: visitor.cookie, form: { ...form, ...fields } });
}

export interface Load {
  /** Ends it, and returns what was asked and what failed, with each kind of failure counted. */
  stop(): Promise<{ readonly sent: number; readonly failures: Readonly<Record<string, number>> }>;
}

/** Twenty visitors who use the shop, so many times a second in total, whether replies arrive or not. */
export async function startLoad(url: string, ratePerSecond: number): Promise<Load> {
  const visitors: (() => Promise<string | undefined>)[] = [];
  for (let n = 0; n < 20; n++) visitors.push(await startVisitor(url, `visitor${n}`));
  const failures: Record<string, number> = {};
  const pending = new Set<Promise<void>>();
  const begin = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - begin) / 1000) * ratePerSecond;
    while (sent < due) {
      const call = visitors[sent++ % visitors.length]!().then((failure) => {
        pending.delete(call);
        if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
      });
      pending.add(call);
    }
  }, 5);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      return { sent, failures };
    },
  };
}

/**
 * Signs in. Returns a function that asks for the front page or, each tenth time, puts something into the cart, and that resolves to how
 * this failed, if it did.
 */
async function startVisitor(url: string, name: string): Promise<() => Promise<string | undefined>> {
  const visitor = await signIn(url, name);
  const submit = await formsOf(url, visitor);
  let calls = 0;
  return async () => {
    const isWrite = ++calls % 10 === 0;
    const reply = await (isWrite ? submit('/cart', { product: 'tea' }) : visit(url, visitor));
    if (isWrite ? reply.status === 303 : knows(reply, visitor)) return undefined;
    const text = reply.text.replaceAll(/<[^>]*>|\s+/g, ' ').trim();
    return `${reply.status} ${isWrite ? 'to a write: ' : ''}${text.slice(0, 80)}`;
  };
}
