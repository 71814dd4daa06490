import { SessionClient as PlainClient } from '../../client/src';
import type { SessionClientOptions } from '../../client/src';

export * from '../../client/src';

/** The client with a cache, for tests of promises that must hold with it; see jest.config.mjs. */
export class SessionClient<T extends object> extends PlainClient<T> {
  constructor(options: SessionClientOptions<T>) {
    super({ cache: { maxBytes: 64 * 1024 * 1024 }, ...options });
  }
}
