import { SidecarStore } from '@session-sidecar/client/express-session';

/** Counts the calls of each method. */
export class CountingStore extends SidecarStore {
  readonly calls: string[] = [];

  override get(...args: Parameters<SidecarStore['get']>): ReturnType<SidecarStore['get']> {
    this.calls.push('get');
    return super.get(...args);
  }
  override set(...args: Parameters<SidecarStore['set']>): Promise<void> {
    this.calls.push('set');
    return super.set(...args);
  }
  override touch(...args: Parameters<SidecarStore['touch']>): Promise<void> {
    this.calls.push('touch');
    return super.touch(...args);
  }
  override destroy(...args: Parameters<SidecarStore['destroy']>): Promise<void> {
    this.calls.push('destroy');
    return super.destroy(...args);
  }
}
