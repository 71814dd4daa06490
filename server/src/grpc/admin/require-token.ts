import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { apiTokenInvalid } from '../../rpc/refusals';
import type { RefusalObserver } from '../../rpc/refusals';
import { toServiceError, toStatus } from '../../rpc/status';
import type { ApiTokens } from '../api-tokens';

export interface TokenCheck {
  readonly tokens: ApiTokens;
  readonly observer: RefusalObserver;
  readonly logger: Logger;
}

/** Ends calls without a valid token before their requests are read. */
export function requireToken({ tokens, observer, logger }: TokenCheck): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const [authorization] = metadata.get('authorization');
            if (tokens.accept(tokens.digestOf(authorization?.toString()))) {
              pass(metadata);
              return;
            }
            observer.refused('admin_token');
            logger.warn('administration call without a valid token');
            const { details, metadata: trailer } = toServiceError(toStatus(apiTokenInvalid(), '', logger));
            call.sendStatus({ code: status.UNAUTHENTICATED, details, metadata: trailer });
          },
        }),
    });
}
