import type { Request, Response } from 'express';
import type { Html } from './html';
import { endOfPage, startOfPage } from './layout';
import type { Observer } from './observer';
import { panel } from './panel';
import type { Visit } from './visit';

export interface Page {
  readonly title: string;
  readonly visit: Visit;
  readonly content: Html;
  /** Default: 200. */
  readonly status?: number;
}

/**
 * Sends a page, and after it the panel. The first piece of a response is held until the session is saved and the cookie decided,
 * so the panel, which is written next, shows what this very page did.
 */
export type Show = (req: Request, res: Response, page: Page) => void;

export function createShow(observer: Observer): Show {
  return (req, res, page) => {
    const { status = 200 } = page;
    const sendPanel = async (): Promise<void> => {
      const [observation, redirect] = await Promise.all([observer.observe(req, res), observer.takeRedirect(req)]);
      res.end(panel({ session: req.session, hasEnded: status === 409, observation, redirect }) + endOfPage);
    };
    res.status(status).type('html');
    res.write(startOfPage(page), (error) => {
      // The response was discarded, because the session could not be saved. The error handler sends another.
      if (error) return;
      sendPanel().catch((failure: unknown) => {
        console.error(failure);
        res.destroy();
      });
    });
  };
}
