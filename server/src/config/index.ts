export { ConfigError } from './config';
export type { Config } from './config';
export { helpText, settingRows } from './help';
export { loadConfig } from './load-config';
export { otelVariables } from './tracing-config';
