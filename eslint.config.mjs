import { basename, join } from 'node:path';
import { defineConfig } from 'eslint/config';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const root = import.meta.dirname;

/** What settings are called, for errors and logs that name one. */
const names = 'server/src/setting-names.ts';
const fifoMap = 'server/src/fifo-map.ts';

/**
 * Who may import what, beside Node.js's own modules: files and folders of this repository by path, packages by name.
 * Everything else is an error. What is in `types` may be imported with `import type` only. Tests and scripts may import all.
 */
const layers = [
  // The domain: storage, tokens, clock and settings are handed in.
  { files: 'server/src/session', may: ['server/src/session', names], types: ['server/src/tokens'] },
  { files: 'server/src/tokens', may: ['server/src/tokens', fifoMap], types: ['server/src/session'] },

  { files: 'server/src/store/*.ts', may: ['server/src/store', 'server/src/session', fifoMap] },
  { files: 'server/src/store/memory', may: ['server/src/store', 'server/src/session'] },
  {
    files: 'server/src/store/redis',
    may: ['server/src/store', 'server/src/session', names, fifoMap, 'ioredis', 'cluster-key-slot', 'lru-cache'],
  },

  // The road of a call: a transport (grpc) hands it to rpc, which hands it to the domain.
  {
    files: 'server/src/rpc',
    may: ['server/src/rpc', 'server/src/session', names, 'proto/gen', '@bufbuild/protobuf', '@grpc/grpc-js'],
    types: ['pino'],
  },
  {
    files: 'server/src/grpc',
    may: [
      ...['server/src/grpc', 'server/src/rpc', 'server/src/session', 'server/src/host-and-port.ts', names],
      ...['proto/gen', '@bufbuild/protobuf', '@grpc/*', 'grpc-health-check'],
    ],
    types: ['server/src/admin', 'pino'],
  },
  {
    files: 'server/src/http',
    may: ['server/src/http', 'server/src/session', 'server/src/host-and-port.ts', names, 'prom-client', 'negotiator'],
  },
  {
    files: 'server/src/tracing',
    may: ['server/src/tracing', 'server/src/session', 'proto/gen', '@grpc/grpc-js', '@opentelemetry/*'],
    types: ['server/src/rpc', 'server/src/store', 'pino'],
  },
  {
    files: 'server/src/config',
    may: [
      ...['server/src/config', 'server/src/data-schema/data-schema.ts', 'server/src/host-and-port.ts', names],
      ...['bytes-iec', 'fastest-levenshtein', 'ms'],
    ],
    types: ['server/src/session', 'server/src/grpc', 'server/src/store'],
  },
  {
    files: 'server/src/data-schema',
    may: ['server/src/data-schema', 'ajv', 'ajv-formats'],
    types: ['server/src/session'],
  },
  {
    files: 'server/src/metrics',
    may: ['server/src/metrics', 'server/src/session', 'server/src/http/limits.ts', names, 'prom-client'],
    types: ['server/src/rpc', 'server/src/grpc', 'server/src/store'],
  },
  {
    files: 'server/src/inspector',
    may: [
      ...[
        'server/src/inspector',
        'server/src/http',
        'server/src/config/{config,setting-report}.ts',
        'server/src/config/values',
        names,
      ],
      ...['bytes-iec', 'd3-shape', 'hono', 'ms'],
    ],
    // In a file of the bundle of its own: what it needs of the rest of the sidecar is handed in.
    types: ['server/src/grpc', 'server/src/rpc', 'pino', 'prom-client'],
  },
  {
    files: 'server/src/admin',
    may: ['server/src/admin', 'server/src/rpc/messages.ts', 'proto/gen'],
    // In a file of the bundle of its own: what it needs of the rest of the sidecar is handed in.
    types: ['server/src/session', '@grpc/grpc-js'],
  },
  { files: 'server/src/host-and-port.ts', may: [] },
  { files: names, may: [] },
  { files: 'server/src/log-rate-limit.ts', may: [] },
  { files: 'server/src/logging.ts', may: ['server/src/log-rate-limit.ts', 'pino'] },
  { files: 'server/src/stray-output.ts', may: [], types: ['pino'] },
  { files: 'server/src/app.ts', may: ['server/src', 'prom-client'], types: ['pino'] },
  { files: 'server/src/open-store.ts', may: ['server/src'], types: ['pino'] },
  { files: 'server/src/open-admin.ts', may: ['server/src'], types: ['pino'] },
  { files: 'server/src/open-inspector.ts', may: ['server/src'], types: ['pino', 'prom-client'] },
  { files: 'server/src/audit-log.ts', may: [], types: ['server/src/session', 'pino'] },
  {
    files: 'server/src/serving-status.ts',
    may: [],
    types: ['server/src/grpc', 'server/src/http', 'server/src/session', 'pino'],
  },
  {
    files: 'server/src/serve.ts',
    may: [
      ...['server/src/app.ts', 'server/src/config', 'server/src/tracing/active-call.ts', 'server/package.json'],
      ...['server/src/log-rate-limit.ts', 'server/src/logging.ts', 'server/src/stray-output.ts', names],
      ...['server/src/heap.ts'],
      ...['server/src/cli/command-names.ts', 'server/src/cli/exit-codes.ts'],
    ],
  },
  // It loads each of the last two with `require`, when it is needed.
  {
    files: 'server/src/main.ts',
    may: ['server/src/cli/command-names.ts', 'server/src/cli/index.ts', 'server/src/serve.ts'],
  },

  // Commands other than serve. Definitions are loaded with each of them, so what is large belongs to folders that run one.
  {
    files: 'server/src/cli/!(admin-calls|sidecar-calls).ts',
    may: [
      ...['server/src/cli', 'server/src/config', 'server/src/host-and-port.ts', 'server/src/tokens', names],
      ...['cli-table3', 'commander'],
    ],
  },
  {
    files: 'server/src/cli/{admin,sidecar}-calls.ts',
    may: ['server/src/cli/*.ts', 'proto/gen', '@grpc/grpc-js'],
  },
  { files: 'server/src/cli/{completion,stats}', may: ['server/src/cli', 'server/src/config'] },
  { files: 'server/src/cli/{load,session,sessions}', may: ['server/src/cli', 'proto/gen'] },
  { files: 'server/src/cli/progress', may: ['server/src/cli', 'cli-progress'] },
  {
    files: 'server/src/cli/connection',
    may: ['server/src/cli', 'server/src/config', 'server/src/store', 'ioredis'],
  },
  {
    files: 'server/src/cli/import',
    may: [
      ...['server/src/cli', 'server/src/config', 'server/src/session', 'server/src/store', 'server/src/tokens'],
      ...['server/src/open-store.ts', 'server/src/metrics', 'server/src/logging.ts', 'server/package.json'],
      ...[names, 'ioredis', 'prom-client'],
    ],
  },
  {
    files: 'server/src/cli/doctor',
    may: [
      ...['server/src/cli', 'server/src/config', 'server/src/host-and-port.ts', 'server/src/session', names],
      ...['server/src/store/redis', 'server/src/tokens', 'cluster-key-slot', 'ioredis'],
    ],
  },

  { files: 'client/src/errors', may: ['client/src/errors', 'proto/gen', '@grpc/grpc-js'] },
  {
    files: 'client/src/transport',
    may: [
      ...['client/src/transport', 'client/src/errors', 'proto/gen'],
      ...['@bufbuild/protobuf', '@grpc/grpc-js', '@opentelemetry/api'],
    ],
  },
  {
    files: 'client/src/session',
    may: ['client/src/session', 'client/src/transport', 'client/src/errors', 'proto/gen'],
  },
  {
    files: 'client/src/cache',
    may: [
      ...['client/src/cache', 'client/src/session', 'client/src/transport', 'client/src/errors', 'proto/gen'],
      '@opentelemetry/api',
    ],
  },
  { files: 'client/src/watch', may: ['client/src/watch', 'client/src/transport', 'client/src/errors', 'proto/gen'] },
  { files: 'client/src/*.ts', may: ['client/src/!(web|express-session|testing)'] },
  {
    files: 'client/src/web',
    may: ['client/src', 'proto/gen', 'cookie', 'on-headers'],
    types: ['@nestjs/common', 'express', 'fastify', 'hono', 'koa'],
  },
  { files: 'client/src/testing', may: ['client/src/testing', 'proto/gen', '@grpc/grpc-js'] },
  { files: 'client/src/express-session', may: ['client/src/!(web)', 'express-session'] },

  // What a user can import: the entry points of the packages here (no-relative-packages closes the way around them), and npm.
  ...['examples', 'bench'].map((files) => ({
    files,
    may: [files, 'client/src/index.ts', 'client/src/web/*', 'proto/gen', 'node_modules'],
  })),
];

const isPath = (name) => /^(server|client|proto|examples|bench|node_modules)\b/.test(name);
const withContents = (path) => `${path}{,/**}`;
const resolved = (name) => join(root, withContents(isPath(name) ? name : `{,*/}node_modules/{,@types/}${name}`));

const zones = layers.map(({ files, may, types = [] }) => ({
  target: withContents(files),
  from: '**',
  except: [...may, ...types].map(resolved),
  message: `See layers in eslint.config.mjs: ${files} may import ${[...may, ...types].join(', ')}.`,
}));

const typesOnly = layers
  .filter(({ types }) => types)
  .map(({ files, types }) => ({
    files: [withContents(files)],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: types.map((name) => ({
            regex: isPath(name) ? `^\\.\\.?/(.*/)?${basename(name)}/` : `^${name}$`,
            allowTypeImports: true,
            message: `See layers in eslint.config.mjs: ${files} may import types of ${name} only.`,
          })),
        },
      ],
    },
  }));

/** V8 allocates them in the old generation of the heap, where they and what they refer to wait for a full garbage collection. */
const oldFunctions = {
  selector: "AssignmentExpression[left.type='MemberExpression'][right.type=/^(Arrow)?FunctionExpression$/]",
  message: 'Pass the function to a method that keeps it (docs/decisions/0080-young-garbage.md).',
};

// What this repository forbids itself. The rules of the language, and those that need types, are in .oxlintrc.json.
export default defineConfig(
  { ignores: ['**/*.css', '**/dist/', '**/coverage/', 'proto/gen/', 'bench/results/', 'test/compatibility/builds/'] },
  {
    files: ['**/*.{ts,mts,mjs,cjs,js}'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@typescript-eslint': tseslint.plugin, 'import-x': importX },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      'import-x/resolver': { typescript: { project: join(root, 'tsconfig.json') } },
    },
    rules: { 'import-x/no-restricted-paths': ['error', { basePath: root, zones }] },
  },
  typesOnly,
  {
    files: ['{server,client,examples,bench}/**'],
    rules: { 'import-x/no-relative-packages': 'error' },
  },
  {
    files: ['{server,client}/src/**'],
    rules: { 'no-restricted-syntax': ['error', oldFunctions] },
  },
  {
    files: ['server/src/{session,tokens}/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        oldFunctions,
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The domain is told the time and its settings.',
        },
      ],
    },
  },
);
