import type { IncomingMessage, RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { duration, ValueError } from '../config/values';
import type { SettingReport } from '../config/setting-report';
import type { Readiness } from '../http/readiness';
import type { BuildReport } from './build-report';
import type { FoundSessions, SearchSubject } from './found-sessions';
import { isLogLevel } from './log-level';
import type { LogLevelControl } from './log-level';
import inspectorCss from './page/inspector.css';
import { renderPage } from './page/page';
import refreshScript from './page/refresh.browser.js';
import { json, send, text } from './reply';
import type { Reply } from './reply';
import { readForm } from './request-form';
import { isForeign, isOwnHost } from './request-guard';
import { readinessReport } from './stats/stats';
import type { Stats } from './stats/stats';
import { variable } from '../setting-names';

export interface RouteParts {
  /** Host names by which it may be opened, beside localhost and IP addresses. */
  readonly hosts: readonly string[];
  readonly settings: readonly SettingReport[];
  readonly build: () => BuildReport;
  readonly readiness: () => Readiness;
  readonly stats: () => Stats;
  readonly logLevel: LogLevelControl;
  /** `undefined`: no sessions are shown. */
  readonly searchSubject: SearchSubject | undefined;
  readonly logger: Pick<Logger, 'error'>;
}

type Handler = (request: IncomingMessage) => Reply | Promise<Reply>;
type Methods = Partial<Record<'GET' | 'POST' | 'PUT', Handler>>;

/** Maximum time that a log level may apply before it goes back. */
const levelDuration = duration({ min: '1s', max: '24h' });

/** Answers the requests of browsers and of curl. */
export function routes(parts: RouteParts): RequestListener {
  const { settings, build, readiness, stats, logLevel, searchSubject } = parts;
  const page = (found?: FoundSessions): Reply => {
    const search = searchSubject && { found };
    const shown = { build: build(), stats: stats(), settings, logLevel: logLevel.state, search };
    return { status: 200, type: 'text/html; charset=utf-8', body: renderPage(shown) };
  };
  const asset = (type: string, body: string) => (): Reply => ({ status: 200, type: `${type}; charset=utf-8`, body });
  const paths: Readonly<Record<string, Methods>> = {
    '/': { GET: () => page() },
    '/inspector.css': { GET: asset('text/css', inspectorCss) },
    '/refresh.js': { GET: asset('text/javascript', refreshScript) },
    '/stats.json': { GET: () => json({ build: build(), ...stats() }) },
    '/config': { GET: () => json({ settings }) },
    '/ready': { GET: () => readyReply(readiness()) },
    '/version': { GET: () => json(build()) },
    '/log-level': {
      GET: () => json(logLevel.state),
      PUT: async (request) => (await changeLogLevel(request, logLevel)) ?? json(logLevel.state),
      // The form of the page, which is shown again.
      POST: async (request) => (await changeLogLevel(request, logLevel)) ?? text(303, 'Changed.\n', { location: './' }),
    },
    ...(searchSubject && {
      '/sessions': {
        POST: async (request) => {
          const form = await readForm(request);
          if (!(form instanceof URLSearchParams)) return form;
          const found = await searchSubject(form.get('subject') ?? '');
          if ('message' in found) return text(found.status, `${found.message}\n`);
          // The form of the page asks for a page.
          return request.headers.accept?.includes('text/html') === true ? page(found) : json(found);
        },
      },
    }),
  };
  return (request, response) => {
    answerOf(request, paths, parts.hosts)
      .then((reply) => send(request, response, reply))
      .catch((error: unknown) => {
        // A fault here must not end the sidecar, which serves sessions.
        parts.logger.error({ err: error }, 'the inspector failed to answer');
        response.destroy();
      });
  };
}

async function answerOf(
  request: IncomingMessage,
  paths: Readonly<Record<string, Methods>>,
  hosts: readonly string[],
): Promise<Reply> {
  const { headers, url = '' } = request;
  if (!isOwnHost(headers.host, hosts)) {
    return text(
      421,
      `The inspector answers to localhost, to IP addresses and to the names in ${variable('inspectorHosts')} only.\n`,
    );
  }
  const [path = ''] = url.split('?', 1);
  const methods = Object.hasOwn(paths, path) ? paths[path]! : undefined;
  if (methods === undefined) return text(404, `Not found. The inspector serves ${Object.keys(paths).join(' ')}\n`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = isMethod(method) ? methods[method] : undefined;
  if (handler === undefined) return text(405, 'Method not allowed.\n', { allow: Object.keys(methods).join(', ') });
  if (method !== 'GET' && isForeign(headers)) return text(403, 'The request was sent by a page of another origin.\n');
  return handler(request);
}

function isMethod(method: string | undefined): method is keyof Methods {
  return method === 'GET' || method === 'POST' || method === 'PUT';
}

function readyReply(readiness: Readiness): Reply {
  return json(readinessReport(readiness), readiness.ready ? 200 : 503);
}

/** @returns what is wrong with the request, or `undefined` when the level was changed */
async function changeLogLevel(request: IncomingMessage, logLevel: LogLevelControl): Promise<Reply | undefined> {
  const form = await readForm(request);
  if (!(form instanceof URLSearchParams)) return form;
  const level = form.get('level') ?? '';
  const time = form.get('for') ?? '';
  if (!isLogLevel(level)) return text(400, 'level: Expected error, warn, info or debug.\n');
  try {
    logLevel.set(level, time === '' ? undefined : levelDuration.parse(time, noFiles));
    return undefined;
  } catch (error) {
    if (error instanceof ValueError) return text(400, `for: ${error.message}\n`);
    throw error;
  }
}

function noFiles(): never {
  throw new Error('A duration is not in a file.');
}
