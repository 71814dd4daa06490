import { html } from './html';
import type { Html } from './html';

/** @param iso in ISO 8601 */
export const time = (iso: string): Html =>
  html`<time datetime="${iso}">${iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>`;
