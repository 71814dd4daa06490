/** The part of express-session that tests use, in addition to what the benchmark does. */
declare module 'express-session' {
  import type { IncomingMessage } from 'node:http';

  export interface SessionOptions {
    readonly name?: string;
    readonly rolling?: boolean;
    readonly unset?: 'destroy' | 'keep';
    readonly genid?: (req: IncomingMessage) => string;
    readonly cookie?: { readonly maxAge?: number };
  }
}
