import bytes from 'bytes-iec';
import ms from 'ms';

/* How figures are shown. A dash stands for what is not known. */

const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const counts = new Intl.NumberFormat('en');
const none = '–';

export const asCount = (count: number): string => counts.format(count);

export const asRate = (perSecond: number): string => `${numbers.format(perSecond)}/s`;

export const asMilliseconds = (milliseconds: number | null): string =>
  milliseconds === null ? none : `${numbers.format(milliseconds)} ms`;

/** @param share from 0 to 1 */
export const asPercent = (share: number | null): string =>
  share === null ? none : `${numbers.format(Math.round(share * 1000) / 10)} %`;

export const asBytes = (size: number): string =>
  bytes(Math.round(size), { mode: 'binary', decimalPlaces: 1, unitSeparator: ' ' }) ?? none;

/** In its largest unit, rounded: `3 hours`. */
export const asDuration = (milliseconds: number): string => ms(Math.max(0, milliseconds), { long: true });
