import type { Request, RequestHandler, Response } from 'express';
import { cookieEffectOf } from './cookie-effect';
import type { CookieEffect } from './cookie-effect';
import type { Cost, Meter } from './meter';

/** What a request did. */
export interface Observation {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** `undefined`: it could not be counted. */
  readonly cost: Cost | undefined;
  readonly cookie: CookieEffect | undefined;
}

export interface Observer {
  /** Mount it before `sessions()`. */
  readonly middleware: RequestHandler;
  /** Call it once, when the headers of the response were sent. */
  observe(req: Request, res: Response): Promise<Observation>;
  /** What the redirect did that led the visitor to this page, at the first call. */
  takeRedirect(req: Request): Promise<Observation> | undefined;
}

/** How many redirects are remembered until their visitor's next page. */
const maxRedirects = 1000;

export function createObserver(meter: Meter): Observer {
  const stops = new WeakMap<Response, () => Promise<Cost | undefined>>();
  /** By the handle of the session. */
  const redirects = new Map<string, Promise<Observation>>();

  const observe = async (req: Request, res: Response): Promise<Observation> => {
    const { method, path } = req;
    const cookie = cookieEffectOf(res.getHeader('Set-Cookie'), req.headers.cookie);
    return { method, path, status: res.statusCode, cost: await stops.get(res)!(), cookie };
  };

  const rememberRedirect = (req: Request, res: Response): void => {
    const { handle } = req.session;
    if (handle === undefined) return;
    redirects.delete(handle);
    redirects.set(handle, observe(req, res));
    if (redirects.size > maxRedirects) redirects.delete(redirects.keys().next().value!);
  };

  return {
    middleware: async (req, res, next) => {
      stops.set(res, await meter.start());
      res.on('finish', () => {
        if (res.statusCode === 303) rememberRedirect(req, res);
      });
      next();
    },
    observe,
    takeRedirect: ({ session: { handle = '' } }) => {
      const redirect = redirects.get(handle);
      redirects.delete(handle);
      return redirect;
    },
  };
}
