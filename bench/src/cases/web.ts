import { languageOf } from '../web-apps';
import type { WebFramework } from '../web-apps';
import type { Case } from './case';
import { withCpu } from './client-cache';
import { whereInstalled } from './where-installed';

/** An application of each framework over HTTP, through a server that its users run, with the sidecar or with their usual library. */
export const webCases: readonly Case[] = [
  webCase('pyramid', 'Pyramid, waitress with 16 threads', 'pyramid_session_redis'),
  ...withCache('flask', 'Flask, gunicorn with 16 threads', 'Flask-Session on Redis'),
  webCase(
    'django',
    'Django, gunicorn with 16 threads',
    'Django’s sessions in its cache on Redis, whose reads record no access',
  ),
  webCase('fastapi', 'FastAPI, uvicorn', 'starsessions on Redis, which stores each session again'),
  ...withCache('go', 'Go’s net/http', 'scs with redisstore, whose reads record no access'),
];

function withCache(...options: [framework: WebFramework, app: string, library: string]): Case[] {
  return [webCase(...options), webCase(...options, true)];
}

function webCase(framework: WebFramework, app: string, library: string, isCached = false): Case {
  const id = isCached ? `web-${framework}-cached-16` : `web-${framework}-16`;
  const how = isCached ? 'with the client’s cache' : 'without a cache';
  const what = `${app}, ${how}: requests over HTTP of which 10 % write, sessions of about 300 bytes, 16 connections, beside the same app with ${library}.`;
  const compared = withCpu(id, what, {
    ...{ ours: `web-${framework}-${isCached ? 'cached' : 'sidecar'}`, theirs: `web-${framework}-library` },
    ...{ size: '300b', inFlight: 16, writeShare: 0.1, isRival: true, isCareful: true },
  });
  return whereInstalled(languageOf(framework), compared);
}
