export interface Product {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly taste: string;
  /** In euros, for 50 g. */
  readonly price: number;
}

export const catalogue: readonly Product[] = [
  { id: 'sencha', name: 'Sencha', origin: 'Shizuoka', taste: 'Steamed green. Grass and sea air.', price: 9 },
  { id: 'genmaicha', name: 'Genmaicha', origin: 'Uji', taste: 'Green with roasted rice. Warm bread.', price: 8 },
  { id: 'oolong', name: 'Oolong', origin: 'Anxi', taste: 'Half oxidised. Orchid and warm stone.', price: 14 },
  { id: 'darjeeling', name: 'Darjeeling', origin: 'West Bengal', taste: 'First flush. Muscatel, light.', price: 12 },
  { id: 'lapsang', name: 'Lapsang', origin: 'Wuyi', taste: 'Black, smoked over pine. Resin.', price: 11 },
  { id: 'puerh', name: 'Pu’er', origin: 'Yunnan', taste: 'Aged eight years. Earth and dates.', price: 16 },
];

export function productOf(id: string | undefined): Product | undefined {
  return catalogue.find((product) => product.id === id);
}

/** How many of each product, by id. */
export type Cart = Record<string, number>;

/** The cart with one more or one less of a product. */
export function withProduct(cart: Cart, { id }: Product, change: 1 | -1): Cart {
  const { [id]: quantity = 0, ...others } = cart;
  const changed = quantity + change;
  return changed > 0 ? { ...others, [id]: changed } : others;
}

export interface CartLine {
  readonly product: Product;
  readonly quantity: number;
}

export function linesOf(cart: Cart): readonly CartLine[] {
  return catalogue.flatMap((product) => {
    const quantity = cart[product.id] ?? 0;
    return quantity === 0 ? [] : [{ product, quantity }];
  });
}

export function sizeOf(cart: Cart): number {
  return linesOf(cart).reduce((sum, { quantity }) => sum + quantity, 0);
}
