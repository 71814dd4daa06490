import { ReflectionService } from '@grpc/reflection';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { fileDescriptors } from '@session-sidecar/proto/descriptors';
import type { LoadedMethod } from './lazy-services';

export type ServingStatus = 'SERVING' | 'NOT_SERVING';

/** `grpc.health.v1.Health` and server reflection, as their packages implement them. */
export interface StandardServices {
  readonly methods: ReadonlyMap<string, LoadedMethod>;
  setStatus(service: string, status: ServingStatus): void;
}

export function createStandardServices(): StandardServices {
  const methods = new Map<string, LoadedMethod>();
  const server = {
    addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
      for (const [name, definition] of Object.entries(service)) {
        const handler = implementation[name] ?? implementation[definition.originalName ?? name];
        if (handler !== undefined) methods.set(definition.path, { definition, handler });
      }
    },
  };
  const health = new HealthImplementation();
  // All that the two want of a server is the method above.
  health.addToServer(server);
  new ReflectionService(reflectedPackages()).addToServer(server);
  return {
    methods,
    setStatus: (service, status) => {
      health.setStatus(service, status);
    },
  };
}

/**
 * The descriptors as buf made them. Those of proto-loader lack the imports, and no client can link them
 * (https://github.com/grpc/grpc-node/issues/2595).
 */
function reflectedPackages(): ConstructorParameters<typeof ReflectionService>[0] {
  const fileDescriptorProtos = fileDescriptors.map((file) => Buffer.from(file, 'base64'));
  // The reflection service looks at nothing else of a package.
  return { files: { fileDescriptorProtos } } as never;
}
