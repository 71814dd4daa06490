import { now } from '../clock';
import type { World } from '../topology/world';
import type { Fault } from './fault';

/** A sidecar ends in order and another process takes its place, as in a rolling update. */
export const terminate: Fault = {
  name: 'sidecar-terminate',
  async run({ sidecars }: World, { random, record }) {
    const sidecar = random.pick(sidecars);
    const injected = now();
    sidecar.signal('SIGTERM');
    await sidecar.exited();
    await sidecar.start();
    const possible = now();
    record({
      ...{ kind: this.name, detail: `SIGTERM to ${sidecar.name}`, injected, healed: possible, possible },
      sidecars: [sidecar.name],
      // A proxy takes connections while nothing is behind it, so callers cannot know that there is nothing.
      ...(sidecar.clientProxy === undefined && { restart: { sidecar: sidecar.name, downMs: possible - injected } }),
    });
  },
};

/** A sidecar is killed and started again. */
export const kill: Fault = {
  name: 'sidecar-kill',
  async run({ sidecars }: World, { random, record, hold }) {
    const sidecar = random.pick(sidecars);
    const injected = now();
    sidecar.signal('SIGKILL');
    await sidecar.exited();
    await hold(0, 500);
    await sidecar.start();
    const possible = now();
    const detail = `SIGKILL to ${sidecar.name}`;
    record({ kind: this.name, detail, injected, healed: possible, possible, sidecars: [sidecar.name] });
  },
};

/** A sidecar stands still, with its connections open. */
export const stop: Fault = {
  name: 'sidecar-stop',
  async run({ sidecars }: World, { random, record, hold }) {
    const sidecar = random.pick(sidecars);
    const injected = now();
    sidecar.signal('SIGSTOP');
    await hold(200, 3500);
    sidecar.signal('SIGCONT');
    const possible = now();
    const [detail, { name }] = [`SIGSTOP to ${sidecar.name}`, sidecar];
    record({ kind: this.name, detail, injected, healed: possible, possible, sidecars: [name], stopped: name });
  },
};
