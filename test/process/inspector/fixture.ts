import { request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ServingProcess } from '../../support/process';

export const inspected = { INSPECTOR_ADDRESS: '127.0.0.1:0' };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** A request to the inspector with any headers, those included that `fetch` reserves for itself. */
export function ask({ serving }: Pick<ServingProcess, 'serving'>, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = asked;
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, serving.inspector), { method, headers, agent: false }, (response) => {
      text(response).then(
        (received) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export async function askJson<T = Record<string, unknown>>(
  sidecar: Pick<ServingProcess, 'serving'>,
  path: string,
): Promise<T> {
  return JSON.parse((await ask(sidecar, path)).body) as T;
}

/** A form, as browsers and curl send it. */
export const form = (fields: Readonly<Record<string, string>>, headers: OutgoingHttpHeaders = {}) => {
  const body = new URLSearchParams(fields).toString();
  const type = 'application/x-www-form-urlencoded';
  return { body, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers } };
};
