declare module 'cluster-key-slot' {
  /** The slot of a key (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model). */
  export default function calculateSlot(key: string): number;
}
