import { sizes } from '../shop';
import type { Size } from '../shop';
import type { Case } from './case';
import { withCpu } from './client-cache';

/** An Express 5 application over HTTP, with the sidecar's middleware or with express-session and connect-redis. */
export function expressCases(size: Size): readonly Case[] {
  if (size === '64kb') return [];
  return [
    expressCase(`express-cached-${size}-64`, size, 'express-cached', 'with the client’s cache'),
    expressCase(`express-${size}-64`, size, 'express-sidecar', 'without a cache'),
  ];
}

function expressCase(id: string, size: Size, ours: 'express-sidecar' | 'express-cached', how: string): Case {
  const what = `An Express 5 app over HTTP, ${how}: requests of which 10 % write, sessions of about ${sizes[size].words}, 64 connections, beside the same app with express-session and connect-redis.`;
  return withCpu(id, what, {
    ...{ ours, theirs: 'express-connect-redis', size, inFlight: 64, writeShare: 0.1, isRival: true, isCareful: true },
  });
}
