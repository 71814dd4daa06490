import { decodeHeader, maxHeaderBytes } from '../../../server/src/store/redis/record-codec';
import type { DecodedHeader } from '../../../server/src/store/redis/record-codec';
import { now } from '../clock';
import type { RecordSample } from '../samples';
import { noKey } from './key-file';
import type { RedisNode } from './redis-node';
import { keyPrefix } from './world';
import type { World } from './world';

/** A world whose records can be looked at. */
export interface RecordedWorld extends World {
  /** The server that has the present records. */
  master(): Promise<RedisNode>;
  /** All servers with records, replicas included. */
  readonly nodes: readonly RedisNode[];
}

export function hasRecords(world: World): world is RecordedWorld {
  return 'master' in world && 'nodes' in world;
}

/** The ids of the keys that any record is under, on any server that may become the master. */
export async function keysInUse({ nodes }: RecordedWorld): Promise<ReadonlySet<string>> {
  const headers = await Promise.all(
    nodes.map(async ({ admin }) => {
      const names = (await admin.keys(`${keyPrefix}*`)).filter((name) => /^[^:]+:[^:]+$/.test(name));
      return Promise.all(names.map((name) => headerAt(admin, name)));
    }),
  );
  return new Set(headers.flat().flatMap((header) => (header === undefined ? [] : [keyOf(header)])));
}

/** What the records of sessions are under. Sessions that have ended have none. */
export async function sampleRecords(world: RecordedWorld, handles: readonly string[]): Promise<RecordSample[]> {
  const { admin } = await world.master();
  const at = now();
  const headers = await Promise.all(handles.map((handle) => headerAt(admin, keyPrefix + handle)));
  return headers.flatMap((header, index) =>
    header === undefined ? [] : [{ handle: handles[index]!, at, key: keyOf(header) }],
  );
}

async function headerAt(admin: RedisNode['admin'], name: string): Promise<DecodedHeader | undefined> {
  return decodeHeader(await admin.getrangeBuffer(name, 0, maxHeaderBytes - 1));
}

function keyOf({ format, csrfTokenOrKeyId }: DecodedHeader): string {
  return format === 2 ? csrfTokenOrKeyId : noKey;
}
