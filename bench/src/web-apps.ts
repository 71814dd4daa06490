import type { ExpressStore } from './express-app-protocol';
import type { Language } from './languages';

/** The frameworks of the applications in `bench/go` and `bench/python/apps`. */
export const webFrameworks = ['pyramid', 'flask', 'django', 'fastapi', 'go'] as const;
export type WebFramework = (typeof webFrameworks)[number];

/** Where an application keeps its sessions: the sidecar, the sidecar with a client cache, or the library that its users have. */
const webStores = ['sidecar', 'cached', 'library'] as const;
export type WebStore = (typeof webStores)[number];

export interface WebApp {
  readonly framework: WebFramework;
  readonly store: WebStore;
}

export interface ExpressApp {
  readonly framework: 'express';
  readonly store: ExpressStore;
}

export type WebSideName = `web-${WebFramework}-${WebStore}`;

/** A table with an entry for the side of each application. */
export function forWebSides<T>(entryOf: (app: WebApp) => T): Readonly<Record<WebSideName, T>> {
  const entries = webFrameworks.flatMap((framework) =>
    webStores.map((store) => [`web-${framework}-${store}`, entryOf({ framework, store })] as const),
  );
  return Object.fromEntries(entries) as Record<WebSideName, T>;
}

export function languageOf(framework: WebFramework): Language {
  return framework === 'go' ? 'go' : 'python';
}
