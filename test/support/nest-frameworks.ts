import 'reflect-metadata';
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { All, Controller, Module, Req, Res } from '@nestjs/common';
import type { NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Request, Response } from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { csrf as expressCsrf, sessions as expressSessions } from '@session-sidecar/client/express';
import type { SessionsOptions as ExpressOptions } from '@session-sidecar/client/express';
import { csrf as fastifyCsrf, sessions as fastifySessions } from '@session-sidecar/client/fastify';
import { SessionExceptionFilter } from '@session-sidecar/client/nest';
import { pathOf, sendByNode } from './web-frameworks';
import type { Framework, Visits } from './web-frameworks';

/** A module whose only controller gets every request, and the response of the framework below. */
function moduleOf(path: string, handle: (request: never, response: never) => Promise<void>): Type {
  class PagesController {
    page(request: never, response: never): Promise<void> {
      return handle(request, response);
    }
  }
  // As decorators do it: `@All(path) page(@Req() request, @Res() response)`.
  const { prototype } = PagesController;
  All(path)(prototype, 'page', Object.getOwnPropertyDescriptor(prototype, 'page')!);
  Req()(prototype, 'page', 0);
  Res()(prototype, 'page', 1);
  Controller()(PagesController);
  // oxlint-disable-next-line typescript/no-extraneous-class -- what a module is, its decorator says
  class AppModule {}
  Module({ controllers: [PagesController] })(AppModule);
  return AppModule;
}

export const nestOptions: NestApplicationOptions = { logger: false, abortOnError: false };

export const nestFrameworks: readonly Framework[] = [
  {
    name: 'NestJS on Express',
    isLazy: false,
    async serve(app, { csrf, ...sessionOptions }) {
      const module = moduleOf('{*path}', async (req: Request, res: Response) => {
        const session = () => Promise.resolve(req.sessions.current<Visits>());
        await sendByNode(res, await app({ path: req.path, session }));
      });
      const nest = await NestFactory.create<NestExpressApplication>(module, nestOptions);
      nest.set('trust proxy', true);
      nest.useGlobalFilters(new SessionExceptionFilter());
      // Other tests declare more for Express.
      nest.use(expressSessions(sessionOptions as unknown as ExpressOptions));
      if (csrf !== undefined) nest.useBodyParser('urlencoded', { extended: false }).use(expressCsrf(csrf));
      await nest.init();
      return nest.getHttpAdapter().getInstance() as RequestListener;
    },
  },
  {
    name: 'NestJS on Fastify',
    isLazy: true,
    async serve(app, { csrf, ...sessionOptions }) {
      const module = moduleOf('*', async (request: FastifyRequest, reply: FastifyReply) => {
        const page = { path: pathOf(request.url), session: () => request.session() };
        const { status = 200, headers = {}, body = '' } = await app(page);
        reply.code(status).headers(headers);
        void reply.send(typeof body === 'string' ? body : Readable.from(body, { objectMode: false }));
      });
      const adapter = new FastifyAdapter({ trustProxy: true });
      const nest = await NestFactory.create<NestFastifyApplication>(module, adapter, nestOptions);
      nest.useGlobalFilters(new SessionExceptionFilter());
      // NestJS brings a Fastify of its own, whose types are not those of ours.
      await nest.register(fastifySessions as never, sessionOptions as never);
      if (csrf !== undefined) await nest.register(fastifyCsrf as never, csrf as never);
      await nest.init();
      const server = nest.getHttpAdapter().getInstance();
      await server.ready();
      return (req, res) => server.routing(req, res);
    },
  },
];
