import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { follow } from '../support/process';
import type { SidecarProcess } from '../support/process';

export const images = {
  sidecar: 'localhost/session-sidecar:test',
  /** The same, built once more. */
  again: 'localhost/session-sidecar:again',
  shop: 'localhost/shop:test',
  runBase: 'localhost/run-base',
} as const;

export async function podman(...args: string[]): Promise<string> {
  if (process.env['CONTAINERS_STORAGE_CONF'] === undefined) throw new Error('Run this with: npm run test:image');
  return (await promisify(execFile)('podman', args)).stdout.trim();
}

export async function inspectImage(name: string): Promise<{
  readonly Id: string;
  readonly Size: number;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: {
    readonly User: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env?: readonly string[];
    readonly Volumes?: object;
    readonly Healthcheck?: object;
  };
}> {
  const [image] = JSON.parse(await podman('image', 'inspect', name));
  return image;
}

export interface Container extends SidecarProcess {
  readonly name: string;
  /** Of its first process, as this machine counts. */
  pid(): Promise<number>;
  /** SIGTERM, and SIGKILL after the seconds of grace. Gives the exit code. */
  stop(graceSeconds: number): Promise<number | null>;
}

export interface RunOptions {
  /** Beside the image: flags of `podman run`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For the process in it. */
  readonly args?: readonly string[];
}

const started: string[] = [];

/** Runs an image as the manifests do: nothing to write to, no capability, no way to get one. */
export function runImage(image: string, { flags = [], env = {}, args = [] }: RunOptions): Container {
  const name = `test-${process.pid}-${started.length}`;
  started.push(name);
  const strict = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
  const variables = Object.entries(env).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]);
  const child = spawn('podman', ['run', '--name', name, ...strict, ...flags, ...variables, image, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const followed = follow(child);
  return {
    ...followed,
    name,
    pid: async () => Number(await podman('container', 'inspect', '--format', '{{.State.Pid}}', name)),
    stop: async (graceSeconds) => {
      await podman('stop', '--time', String(graceSeconds), name);
      return (await followed.exit).code;
    },
  };
}

/** For afterEach: what the test has started is gone, whether it ended or not. */
export async function removeContainers(): Promise<void> {
  // Last first: a container may live in the network of an earlier one.
  for (const name of started.splice(0).reverse()) await podman('rm', '--force', '--time', '0', name);
}
