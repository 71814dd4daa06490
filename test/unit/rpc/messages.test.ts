import { describe, expect, test } from '@jest/globals';
import { CreateSessionResponse } from '@session-sidecar/proto/session/v1/session_service';
import { settings } from '../../../server/src/config/settings';
import { toResults, toSessionMessage } from '../../../server/src/rpc/messages';

describe('the largest reply that any settings allow', () => {
  const most = (id: 'maxKeys' | 'maxFlashQueues' | 'maxMutations') =>
    Number(/(\d+)$/.exec(settings[id].kind.name)?.[1]);

  test('fits into a gRPC message of 4 MiB', () => {
    const [keys, queues, mutations] = [most('maxKeys'), most('maxFlashQueues'), most('maxMutations')];
    expect([keys, queues, mutations]).toEqual([100_000, 1000, 10_000]);
    const replyBytes = settings.maxReplyBytes.kind.parse('3MiB', () => Buffer.of());
    expect(() => settings.maxReplyBytes.kind.parse('4MiB', () => Buffer.of())).toThrow();
    // As many names and results as there may be, so that what a message adds to each counts most.
    const data = new Map(
      Array.from({ length: keys }, (_, index) => [String(index).padStart(5, '0'), Buffer.from('1')]),
    );
    const flash = new Map(
      Array.from({ length: queues }, (_, index) => [`${index}`.padStart(256, 'q'), [Buffer.from('1')]]),
    );
    const results = Array.from({ length: mutations }, () => ({ applied: true, value: Buffer.alloc(16) }));
    const left = replyBytes - keys * 6 - mutations * 16;
    const session = {
      ...{ handle: 'h'.repeat(22), csrfToken: 'c'.repeat(22), data, flash, bytes: 0 },
      ...{ subject: 's'.repeat(256), label: 'l'.repeat(256) },
      ...{ created: 1, accessed: 1, idleTimeout: 1, expires: 1, version: 2 ** 53 - 1 },
    };
    const response = CreateSessionResponse.encode({
      token: 't'.repeat(68),
      session: toSessionMessage(session),
      results: toResults([...results, { applied: true, value: Buffer.alloc(left) }]),
    });
    expect(response.finish().length).toBeLessThan(4 * 1024 * 1024);
  });
});
