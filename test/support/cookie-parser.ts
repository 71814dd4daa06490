import { parseCookie } from 'cookie';
import type { RequestHandler } from 'express';

/** Sets `req.cookies`, as cookie-parser does. */
export const cookieParser: RequestHandler = (req, _res, next) => {
  req.cookies = parseCookie(req.headers.cookie ?? '');
  next();
};
