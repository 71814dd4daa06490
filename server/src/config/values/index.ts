/* The kinds of values that settings and options have. */

export * from './addresses';
export * from './durations-and-sizes';
export * from './files';
export { fileMode, integer, logLevels, oneOf, onOff, plainText } from './numbers-and-words';
export type { LogLevel } from './numbers-and-words';
export * from './secrets';
export * from './value-kind';
