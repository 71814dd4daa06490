import { now } from '../clock';
import type { Random } from '../random';
import type { Fault } from './fault';

const second = 1000;
const hour = 3600 * second;

function pickShift(random: Random): number {
  return random.pick([-24 * hour, -hour, -2 * second, 2 * second, hour, 24 * hour]);
}

/** Sets the wall clock of a sidecar, which no caller may notice. */
export const sidecarClock: Fault = {
  name: 'clock-of-sidecar',
  async run({ sidecars }, { random, record, hold }) {
    const [sidecar, shift] = [random.pick(sidecars), pickShift(random)];
    const injected = now();
    sidecar.shiftClock(shift);
    await hold(500, 2500);
    sidecar.shiftClock(0);
    const healed = now();
    const detail = `${sidecar.name} by ${shift / second} s and back`;
    record({ kind: this.name, detail, injected, healed, possible: injected, sidecars: [] });
  },
};

/** Sets the wall clock of a calling process, which its calls may not notice. */
export const clientClock: Fault = {
  name: 'clock-of-client',
  async run(_world, { random, record, hold, clients }) {
    const shift = pickShift(random);
    const injected = now();
    random.pick(clients).shiftClock(shift);
    await hold(500, 2500);
    for (const client of clients) client.shiftClock(0);
    const healed = now();
    record({
      kind: this.name,
      detail: `by ${shift / second} s and back`,
      injected,
      healed,
      possible: injected,
      sidecars: [],
    });
  },
};

/** Sets all wall clocks while a sidecar hangs. Calls must still end by their deadline. */
export const clockWhileHanging: Fault = {
  name: 'clock-while-hanging',
  async run({ sidecars }, { random, record, hold, clients }) {
    const [sidecar, shift] = [random.pick(sidecars), pickShift(random)];
    const injected = now();
    sidecar.signal('SIGSTOP');
    await hold(50, 500);
    for (const client of clients) client.shiftClock(shift);
    await hold(500, 2500);
    sidecar.signal('SIGCONT');
    sidecar.shiftClock(shift);
    const possible = now();
    await hold(500, 1500);
    for (const each of [sidecar, ...clients]) each.shiftClock(0);
    const healed = now();
    const detail = `by ${shift / second} s, with SIGSTOP to ${sidecar.name}`;
    const { name } = sidecar;
    record({ kind: this.name, detail, injected, healed, possible, sidecars: [name], stopped: name });
  },
};
