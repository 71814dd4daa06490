import type { Request } from 'express';
import { csrfToken } from '@session-sidecar/client/express';
import type { Cart } from './catalogue';

/** What every page shows of a visitor. */
export interface Visit {
  readonly name: string | undefined;
  readonly cart: Cart;
  /** Flash messages for this page. */
  readonly messages: readonly string[];
  /**
   * For the forms of the page; `undefined`: the visitor has no session, so there is nothing to protect. Asking for a token would
   * store one, which the front page must not do for every visitor and crawler.
   */
  readonly csrfToken: string | undefined;
}

export interface VisitWithForm extends Visit {
  readonly csrfToken: string;
}

export const stranger: Visit = { name: undefined, cart: {}, messages: [], csrfToken: undefined };

export async function visitOf({ session }: Request): Promise<Visit> {
  if (session.state !== 'stored') return stranger;
  // Together, they are one call at most, and the session knows its version afterwards.
  const [messages] = await Promise.all([session.popFlash<string>(), session.save()]);
  return {
    name: session.get('name'),
    cart: session.get('basket', {}),
    messages,
    csrfToken: await csrfToken(session),
  };
}

/** For pages that need a form. A form needs a CSRF token, and only a stored session has one. */
export async function visitWithForm(req: Request): Promise<VisitWithForm> {
  return { ...(await visitOf(req)), csrfToken: await csrfToken(req.session) };
}
