export { ConfigError } from './config';
export type { Config } from './config';
export { helpText, settingRows } from './help';
export { loadLiveConfig } from './live-config';
export type { LiveConfig } from './live-config';
export { loadConfig } from './load-config';
export { otelVariables } from './otel-variables';
