import { now } from '../clock';
import type { World } from '../topology/world';
import type { Fault } from './fault';

/** Terminates a sidecar and starts another process in its place, as in a rolling update. */
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
      // Not behind a proxy, which accepts connections while the sidecar is down, so that callers cannot notice that it is.
      ...(sidecar.clientProxy === undefined && { restart: { sidecar: sidecar.name, downMs: possible - injected } }),
    });
  },
};

/** Kills a sidecar and starts it again. */
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

/** Stops a sidecar, whose connections stay open. */
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
