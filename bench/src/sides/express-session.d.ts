/**
 * What is used here of express-session. Its types, `@types/express-session`, declare a `session` of Express's requests that
 * is never absent, and the client's middleware one that may be; a program cannot have both.
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
    /** Calls `done` with the session, as an object that stands for it in a request. */
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
