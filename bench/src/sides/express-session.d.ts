/**
 * The part of express-session that is used here. `@types/express-session` cannot be used, because it declares `session` of Express's
 * requests as always present, which conflicts with the declaration of the client's middleware.
 */
declare module 'express-session' {
  import type { RequestHandler } from 'express';

  export class Cookie {
    readonly originalMaxAge: number | null;
  }
  export interface SessionData {
    cookie: Cookie;
  }
  export class Store {
    /** Calls `done` with the session as a request sees it. */
    load(sid: string, done: (error: unknown, session?: SessionData) => void): void;
  }
  export interface SessionOptions {
    readonly store: Store;
    readonly secret: string;
    readonly resave: boolean;
    readonly saveUninitialized: boolean;
  }
  export default function session(options: SessionOptions): RequestHandler;
}
