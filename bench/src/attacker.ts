// The process that attacks a sidecar. Its parent sends it commands, one at a time.
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { attacks } from './attacks';
import { Assault } from './attacks/attack';
import type { AttackerCommands } from './attacker-protocol';
import { serveCommands } from './worker-protocol';

/** How long an attack may take to stop after its connections were closed. */
const stopMs = 1000;

// On a machine with few cores, the attacker must not starve the client that is measured.
setPriority(10);

let run: ((assault: Assault) => Promise<void>) | undefined;

serveCommands<AttackerCommands>(
  {
    async prepare({ attack, target }) {
      run = await attacks[attack](target);
    },
    async attack({ milliseconds }) {
      if (run === undefined) throw new Error('The attacker received attack before prepare.');
      const assault = new Assault();
      const running = run(assault);
      await Promise.race([running, delay(milliseconds)]);
      assault.end();
      await Promise.race([running, delay(stopMs)]);
      return assault.tally;
    },
    close() {},
  },
  () => Promise.resolve(),
);
