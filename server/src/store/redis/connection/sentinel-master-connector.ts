import { SentinelConnector } from 'ioredis';
import type { AbstractConnector, SentinelConnectionOptions } from 'ioredis';

type Report = Parameters<AbstractConnector['connect']>[0];

/**
 * ioredis's connector to the master that Sentinels name, with errors that are true. By itself, ioredis does not say that this
 * server is a replica, and reports that all Sentinels are unreachable when it has used each of them once.
 */
export class SentinelMasterConnector extends SentinelConnector {
  #report: Report | undefined;

  /** @param options those of the client, which ioredis does not type */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override async connect(report: Report) {
    this.#report = report;
    const stream = await super.connect(report);
    // The Sentinel that answered is the first to be asked again.
    this.sentinelIterator.reset(true);
    return stream;
  }

  /** Whether the server is the master. If not, another Sentinel is asked. */
  override check(info: { readonly role?: string }): boolean {
    const isMaster = super.check(info);
    if (!isMaster) this.#report?.('error', new ReplicaNamedError());
    return isMaster;
  }
}

/** Until the Sentinels have made a server the master, which can take half a minute, there is none. */
class ReplicaNamedError extends Error {
  /** As Redis refuses changes on a replica. */
  readonly code = 'READONLY';

  constructor() {
    super(
      'The server that the Sentinels name as the master is a replica. Waiting until they name another or promote it.',
    );
  }
}
