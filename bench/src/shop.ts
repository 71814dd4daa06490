/** The contents of every side's sessions. `cart` is as long as the requested size needs. */
export interface Shop {
  user: { id: number; name: string; email: string; roles: string[] };
  cart: { sku: string; count: number; price: number }[];
  page: string;
}

/** The sizes of sessions as JSON text, by their name in row ids. */
export const sizes = {
  '300b': { bytes: 300, words: '300 bytes' },
  '4kb': { bytes: 4096, words: '4 KB' },
  '16kb': { bytes: 16_384, words: '16 KB' },
  '64kb': { bytes: 65_536, words: '64 KB' },
  // Just below the sidecar's default limit for the size of a session.
  '256kb': { bytes: 261_000, words: '256 KB' },
} as const;
export type Size = keyof typeof sizes;

/** The sizes that are measured with every mix and every number in flight. The others appear only in the rows of cost over size. */
export const matrixSizes = ['300b', '4kb', '64kb'] as const satisfies readonly Size[];

const firstUser = 100_000;

/** Session `n` of a run. All sessions of a size are equally long. */
export function shopSession(n: number, size: Size): Shop {
  return { ...emptyShop(n), cart: cartFor(size) };
}

/** The value that a writing request sets `page` to. */
export function nextPage(n: number): string {
  return `/products/${String(n % 1_000_000).padStart(6, '0')}`;
}

/** Checks a value that every read looks at, so that no side can skip decoding the session. @throws Error if it is wrong */
export function assertUser(user: Shop['user'] | undefined, n: number): void {
  if (user?.id !== firstUser + n)
    throw new Error(`Session ${n} has user ${String(user?.id)} instead of ${firstUser + n}.`);
}

function emptyShop(n: number): Shop {
  const user = { id: firstUser + n, name: 'Ada Lovelace', email: 'ada@example.com', roles: ['customer', 'editor'] };
  return { user, cart: [], page: nextPage(n) };
}

/** The items that fill a session up to its size. */
function cartFor(size: Size): Shop['cart'] {
  const item = (n: number) => ({ sku: `TEA-${1000 + n}`, count: 2, price: 12.5 });
  const perItem = JSON.stringify(item(0)).length + 1;
  const room = sizes[size].bytes - JSON.stringify(emptyShop(0)).length;
  return Array.from({ length: Math.round(room / perItem) }, (_, n) => item(n));
}
