import type { MethodDefinition, Server, UntypedHandleCall } from '@grpc/grpc-js';

/** A method whose code is loaded on demand. */
export interface LazyMethod {
  readonly path: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

export interface LoadedMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: UntypedHandleCall;
}

/** Adds methods whose code is loaded, together, when one of them is first called. */
export function addLazily(
  server: Server,
  methods: readonly LazyMethod[],
  load: () => ReadonlyMap<string, LoadedMethod>,
): void {
  let all: ReadonlyMap<string, LoadedMethod> | undefined;
  for (const { path, requestStream = false, responseStream = false } of methods) {
    const loaded = (): LoadedMethod => {
      const method = (all ??= load()).get(path);
      if (method === undefined) throw new Error(`Unknown method ${path}.`);
      return method;
    };
    const definition: MethodDefinition<unknown, unknown> = {
      path,
      requestStream,
      responseStream,
      requestSerialize: (request) => loaded().definition.requestSerialize(request),
      requestDeserialize: (bytes) => loaded().definition.requestDeserialize(bytes),
      responseSerialize: (response) => loaded().definition.responseSerialize(response),
      responseDeserialize: (bytes) => loaded().definition.responseDeserialize(bytes),
    };
    const handler = (...args: unknown[]): void => {
      (loaded().handler as (...args: unknown[]) => void)(...args);
    };
    server.addService({ [path]: definition }, { [path]: handler });
  }
}
