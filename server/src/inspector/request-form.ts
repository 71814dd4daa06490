import type { IncomingMessage } from 'node:http';
import { text } from './reply';
import type { Reply } from './reply';

/** Maximum size of a body, in bytes. */
export const maxBodyBytes = 1_024;

/** Reads the fields of a form, which is also what `curl --data` sends. @returns what to answer if there is none */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | Reply> {
  const { 'content-type': type = '', 'content-length': length } = request.headers;
  if (length === undefined) return text(411, 'Expected a form with its Content-Length.\n');
  if (Number(length) > maxBodyBytes) return text(413, `Expected a form of at most ${maxBodyBytes} bytes.\n`);
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    return text(415, 'Expected Content-Type: application/x-www-form-urlencoded.\n');
  try {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += chunk as string;
    return new URLSearchParams(body);
  } catch {
    return text(400, 'The form did not arrive.\n');
  }
}
