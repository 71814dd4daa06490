import type { ErrorRequestHandler, Request } from 'express';
import { CsrfError } from '@session-sidecar/client/express';
import { errorPage } from './pages';
import type { Show } from './show';
import { stranger, visitOf } from './visit';
import type { Visit } from './visit';

interface Explanation {
  readonly title: string;
  readonly text: string;
}

const explanations: Readonly<Record<number, Explanation>> = {
  403: {
    title: 'Refused',
    text: 'This form did not carry the CSRF token of your session, so it may come from another site. Nothing was changed.',
  },
  409: {
    title: 'Your session has ended',
    text: 'You signed out in another window while this page was on its way. What it wanted to save is gone, and you stay signed out.',
  },
  503: {
    title: 'One moment, please',
    text: 'Your session cannot be reached, because the sidecar or Redis does not answer. Please try again.',
  },
};

const unexpected: Explanation = {
  title: 'That did not work',
  text: 'Something went wrong. Please try again later.',
};

export function showError(show: Show): ErrorRequestHandler {
  return async (error: { readonly status?: unknown }, req, res, next) => {
    // Too late for an error page: Express closes the connection.
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = typeof error.status === 'number' ? error.status : 500;
    if (status >= 500) console.error(error);
    const { title, text } = explanations[status] ?? unexpected;
    const detail = error instanceof CsrfError ? error.message : undefined;
    const visit = await visitAfter(status, req);
    show(req, res, { title, status, visit, content: errorPage(title, text, detail) });
  };
}

/** A forged form leaves the session as it was. Other errors may be errors of the session. */
async function visitAfter(status: number, req: Request): Promise<Visit> {
  return status === 403 ? visitOf(req) : stranger;
}
