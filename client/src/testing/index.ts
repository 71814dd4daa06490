export { startSidecar } from './sidecar';
export type { Sidecar, SidecarOptions } from './sidecar';
