import { ReflectionService } from '@grpc/reflection';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import type { Health } from './health';
import type { LoadedMethod } from './lazy-services';

/** `grpc.health.v1.Health` and server reflection, by path. */
export function standardMethods({ check, list, watch }: Health): ReadonlyMap<string, LoadedMethod> {
  const methods = new Map<string, LoadedMethod>();
  const server = {
    addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
      for (const [name, definition] of Object.entries(service)) {
        const handler = implementation[name] ?? implementation[definition.originalName ?? name];
        if (handler !== undefined) methods.set(definition.path, { definition, handler });
      }
    },
  };
  server.addService(healthService, { check, list, watch });
  // It uses no other method of a server.
  new ReflectionService(reflectedPackages()).addToServer(server);
  return methods;
}

/**
 * The descriptors that buf generated. Those of proto-loader lack the imports, so clients cannot link them
 * (https://github.com/grpc/grpc-node/issues/2595).
 */
function reflectedPackages(): ConstructorParameters<typeof ReflectionService>[0] {
  const fileDescriptorProtos = fileDescriptors.map((file) => Buffer.from(file, 'base64'));
  // The reflection service uses nothing else of a package.
  return { files: { fileDescriptorProtos } } as never;
}
