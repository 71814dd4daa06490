import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { SessionClient } from '@session-sidecar/client';
import type { TypeScriptBuild } from '../interop/typescript-runner';
import { signingKey } from '../support/process';
import type { SidecarProcessOptions } from '../support/stack';

/*
 * The oldest build that must work together with what is built now. Its API is that of proto/released/0.1.0.binpb: it knows unary
 * calls only. Clients before it lost an idle timeout that was set right before regenerate(). scripts/compat-build.mjs made the
 * files from git history.
 */
const directory = join(__dirname, 'builds', '4c67bd6');

/** For {@link Stack.process}. It does not know all settings of today. */
export const oldSidecar = (redis: { readonly url: string }): SidecarProcessOptions => ({
  program: join(directory, 'sidecar.cjs'),
  settings: { SIGNING_KEYS: signingKey, REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '20s' },
});

const client = createRequire(__filename)(join(directory, 'client.cjs')) as { SessionClient: typeof SessionClient };
const released = readFileSync(join(__dirname, '../../proto/released/0.1.0.binpb'));

export const oldBuild: TypeScriptBuild = {
  Client: client.SessionClient,
  api: createFileRegistry(fromBinary(FileDescriptorSetSchema, released)),
};
