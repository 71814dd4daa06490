/** The addresses of the side's servers. */
export interface Target {
  readonly redisPort: number;
  /** `host:port` of the gRPC server. */
  readonly address: string;
  /** The URL of the application, if the load comes over HTTP. */
  readonly httpUrl?: string;
}
