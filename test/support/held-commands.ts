import type { Command, Redis } from 'ioredis';
import type { Cluster } from 'ioredis';

/** Commands on keys that match wait, as in a network that has lost them for now. */
export interface HeldCommands {
  /** Resolves when a command is held. */
  readonly held: Promise<void>;
  /** Sends what is held, and holds nothing more. */
  release(): void;
}

/** @param keys the commands to hold, by their first key */
export function holdCommands(client: Redis | Cluster, keys: RegExp): HeldCommands {
  const send = client.sendCommand.bind(client);
  const waiting: (() => void)[] = [];
  let isHolding = true;
  let onHeld = (): void => {};
  const held = new Promise<void>((resolve) => (onHeld = resolve));
  client.sendCommand = (command: Command, ...rest: never[]) => {
    const [key] = command.getKeys();
    if (isHolding && key !== undefined && keys.test(String(key))) {
      waiting.push(() => void send(command, ...rest));
      onHeld();
    } else {
      void send(command, ...rest);
    }
    return command.promise;
  };
  return {
    held,
    release() {
      isHolding = false;
      for (const resume of waiting.splice(0)) resume();
    },
  };
}
