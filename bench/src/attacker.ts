// The process that attacks a sidecar. It takes commands from its parent, one at a time.
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { attacks } from './attacks';
import { Assault } from './attacks/attack';
import type { AttackerCommands } from './attacker-protocol';
import { serveCommands } from './worker-protocol';

/** How long an attack may take to stop after its connections were closed. */
const lastWordsMs = 1000;

// An attacker is another process of the pod. With few cores it must not starve the client that is measured.
setPriority(10);

let run: ((assault: Assault) => Promise<void>) | undefined;

serveCommands<AttackerCommands>(
  {
    async prepare({ attack, target }) {
      run = await attacks[attack](target);
    },
    async attack({ milliseconds }) {
      if (run === undefined) throw new Error('Expected prepare before attack.');
      const assault = new Assault();
      const running = run(assault);
      await Promise.race([running, delay(milliseconds)]);
      assault.end();
      await Promise.race([running, delay(lastWordsMs)]);
      return assault.tally;
    },
    close() {},
  },
  () => Promise.resolve(),
);
