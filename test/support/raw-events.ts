import { AcknowledgeSessionEventsRequest } from '@session-sidecar/proto/session/v1/session_service';
import type { RawClient } from './raw-grpc';

/** Acknowledges events of a log in Redis that ended long ago. */
export function acknowledgeLongAgo(raw: RawClient): Promise<Buffer> {
  // The name of the log, a time, and the ids of 16 partitions.
  const cursor = Buffer.alloc(8 + 6 + 16 * 8).toString('base64url');
  return raw.send('AcknowledgeSessionEvents', AcknowledgeSessionEventsRequest.encode({ group: 'g', cursor }).finish());
}
