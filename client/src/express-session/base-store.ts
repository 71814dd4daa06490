import { EventEmitter } from 'node:events';

/* oxlint-disable typescript/no-explicit-any -- as the types of express-session have it, which cannot be imported: they need not be installed */

/** `Store` of express-session: what its middleware calls in addition to the methods of a store. */
interface ExpressStore extends EventEmitter {
  regenerate(req: any, callback: (error?: any) => any): void;
  load(sid: string, callback: (error: any, session?: any) => any): void;
  createSession(req: any, session: any): any;
}

/* oxlint-enable typescript/no-explicit-any */

/** Without express-session, nothing calls these methods: `@fastify/session` has its own. */
class StoreOfOthers extends EventEmitter {
  regenerate(): never {
    throw notFound();
  }
  load(): never {
    throw notFound();
  }
  createSession(): never {
    throw notFound();
  }
}

function notFound(): Error {
  return new Error('Expected express-session to be installed where @session-sidecar/client is');
}

/** The base class of stores for express-session, or one like it where only `@fastify/session` is installed. */
export const BaseStore: new () => ExpressStore = storeOfExpressSession() ?? StoreOfOthers;

function storeOfExpressSession(): (new () => ExpressStore) | undefined {
  try {
    // oxlint-disable-next-line typescript/no-require-imports -- an import cannot be optional
    return (require('express-session') as { readonly Store: new () => ExpressStore }).Store;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
