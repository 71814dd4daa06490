import type * as Nest from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, ExecutionContext } from '@nestjs/common';
import { SessionError } from '../errors/session-error';
import { CsrfError } from './csrf';
import { failureOf } from './failure';
import type { LoadSession } from './request-session';

/** A request of the adapter for Express, or of the one for Fastify. */
type Request =
  | { readonly session: LoadSession<object> }
  | { readonly sessions: { readonly load: LoadSession<object> } };

/** What the responses of Express and of Fastify have in common. */
interface Response {
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  status(code: number): { send(body: object): unknown };
}

/** An import cannot be optional, and this package is to be loaded without NestJS. */
function nest(): typeof Nest {
  // oxlint-disable-next-line typescript/no-require-imports -- see above
  return require('@nestjs/common') as typeof Nest;
}

/**
 * A parameter of a handler: the visitor's session, loaded, of the adapter for Express or Fastify that the application uses.
 *
 * ```ts
 * @Get()
 * visits(@VisitorSession() session: WebSession<SessionData>) {}
 * ```
 */
export function VisitorSession(): ParameterDecorator {
  return nest().createParamDecorator((_data: unknown, context: ExecutionContext) => {
    const request = context.switchToHttp().getRequest<Request>();
    return 'sessions' in request ? request.sessions.load() : request.session();
  })();
}

/**
 * Answers requests that failed because of their session or their CSRF token with the status of the error, which NestJS answers with
 * 500 otherwise: `app.useGlobalFilters(new SessionExceptionFilter())`.
 */
export class SessionExceptionFilter implements ExceptionFilter<SessionError | CsrfError> {
  constructor() {
    // As a decorator does it, which this package is compiled without.
    nest().Catch(SessionError, CsrfError)(SessionExceptionFilter);
  }

  catch(error: SessionError | CsrfError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent || response.sent) return;
    const { status: statusCode, text: message } = failureOf(error);
    response.status(statusCode).send({ statusCode, message });
  }
}
