/** Places where a request waits until another request lets it go on, by name. */
const gates = new Map();

function gateOf(name) {
  const known = gates.get(name);
  if (known !== undefined) return known;
  const gate = { isReached: false };
  gate.opened = new Promise((resolve) => (gate.open = resolve));
  gates.set(name, gate);
  return gate;
}

export function waitAt(name) {
  const gate = gateOf(name);
  gate.isReached = true;
  return gate.opened;
}

export const isReached = (name) => gateOf(name).isReached;
export const open = (name) => gateOf(name).open();
