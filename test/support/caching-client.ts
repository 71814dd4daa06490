import { SessionClient as PlainClient } from '../../client/src';
import type { SessionClientOptions } from '../../client/src';

export * from '../../client/src';

/** The client with a cache. jest.config.mjs runs the promise tests with it as well. */
export class SessionClient<T extends object> extends PlainClient<T> {
  constructor(options: SessionClientOptions<T>) {
    super({ cache: { maxBytes: 64 * 1024 * 1024 }, ...options });
  }
}
