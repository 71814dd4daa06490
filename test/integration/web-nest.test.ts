import 'reflect-metadata';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Controller, Get, HttpException, Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { SessionClient } from '@session-sidecar/client';
import { sessions as expressSessions } from '@session-sidecar/client/express';
import type { WebSession } from '@session-sidecar/client/express';
import { sessions as fastifySessions } from '@session-sidecar/client/fastify';
import { SessionExceptionFilter, VisitorSession } from '@session-sidecar/client/nest';
import { Browser } from '../support/browser';
import { connect } from '../support/client';
import { nestOptions } from '../support/nest-frameworks';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import type { Visits } from '../support/web-frameworks';

/* What only NestJS has; what all frameworks have is in web-adapters.test.ts. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;

beforeAll(async () => {
  client = shared.use(connect<Visits>(await shared.sidecar({ settings: { MAX_SESSION_SIZE: '1KiB' } })));
});

/** As decorators do it, which tests are compiled without. */
function moduleOf(): Type {
  class VisitsController {
    visits(session: WebSession<Visits>): string {
      session.set('visits', session.get('visits', 0) + 1);
      return `visit ${session.get('visits')}`;
    }
    tooLarge(session: WebSession<Visits>): string {
      session.set('note', 'too large '.repeat(1000));
      return 'secret';
    }
    refused(): never {
      throw new HttpException('own', 418);
    }
    failed(): never {
      throw new Error('made up');
    }
  }
  const { prototype } = VisitsController;
  const methods = { visits: '/', tooLarge: '/too-large', refused: '/refused', failed: '/failed' };
  for (const [name, path] of Object.entries(methods)) {
    Get(path)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name)!);
  }
  for (const name of ['visits', 'tooLarge']) VisitorSession()(prototype, name, 0);
  Controller()(VisitsController);
  // oxlint-disable-next-line typescript/no-extraneous-class -- what a module is, its decorator says
  class AppModule {}
  Module({ controllers: [VisitsController] })(AppModule);
  return AppModule;
}

async function listen(nest: { listen(port: number, host: string): Promise<unknown>; getUrl(): Promise<string> }) {
  await nest.listen(0, '127.0.0.1');
  return nest.getUrl();
}

const platforms: Readonly<Record<string, (own: SessionClient<Visits>, lazy: boolean) => Promise<string>>> = {
  Express: async (own, lazy) => {
    const nest = stack.use(await NestFactory.create(moduleOf(), nestOptions));
    nest.use(expressSessions({ client: own, lazy }));
    nest.useGlobalFilters(new SessionExceptionFilter());
    return listen(nest);
  },
  Fastify: async (own) => {
    const nest = stack.use(
      await NestFactory.create<NestFastifyApplication>(moduleOf(), new FastifyAdapter(), nestOptions),
    );
    // NestJS brings a Fastify of its own, whose types are not those of ours.
    await nest.register(fastifySessions as never, { client: own } as never);
    nest.useGlobalFilters(new SessionExceptionFilter());
    return listen(nest);
  },
};

describe.each([
  ['Express', false],
  ['Express', true],
  ['Fastify', true],
] as const)('NestJS on %s (lazy: %s)', (name, lazy) => {
  test('hands the session to a parameter of the handler', async () => {
    const browser = new Browser(await platforms[name]!(client, lazy));
    expect([await browser.text('/'), await browser.text('/')]).toEqual(['visit 1', 'visit 2']);
  });

  test.each<[string, number, string]>([
    ['/too-large', 413, 'Payload Too Large'],
    ['/refused', 418, 'own'],
    ['/failed', 500, 'Internal server error'],
  ])('answers %s with %i', async (path, statusCode, message) => {
    const response = await fetch((await platforms[name]!(client, lazy)) + path);
    expect(response.status).toBe(statusCode);
    expect(await response.json()).toEqual({ statusCode, message });
  });

  test('tells visitors nothing of a sidecar that is out of reach but the status', async () => {
    const unreachable = stack.use(connect<Visits>({ address: '127.0.0.1:1' }, { timeoutMs: 100 }));
    const browser = new Browser(await platforms[name]!(unreachable, lazy));
    await browser.setCookie('token');
    const response = await browser.fetch('/');
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '1']);
    expect(await response.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
  });
});
