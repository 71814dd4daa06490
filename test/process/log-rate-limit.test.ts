import { once } from 'node:events';
import { connect } from 'node:http2';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf } from '../support/process';
import type { LogLine, ServingProcess } from '../support/process';
import { connectRaw, failureOf } from '../support/raw-grpc';
import { stackForAllTests } from '../support/stack';

/* The tests run side by side: each mostly waits for the end of a ten-second interval. */
const stack = stackForAllTests();

const maxLines = 3;

/** How many events the lines with this message stand for. */
function events(lines: readonly LogLine[], msg: string): number {
  const ours = lines.filter((line) => line.msg === msg);
  return ours.reduce((sum, line) => sum + (typeof line['suppressed'] === 'number' ? line['suppressed'] : 1), 0);
}

async function untilCounted(sidecar: ServingProcess, msg: string, count: number): Promise<void> {
  await until(`${count} events in the log`, () => events(sidecar.log(), msg) === count);
}

describe('what a caller can have logged over and over', () => {
  test.concurrent('is logged a few times, and then counted: internal errors', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.process({ redis, settings: { LOG_RATE_LIMIT: String(maxLines) } });
    const client = stack.use(connectRaw(sidecar.address));
    const { token, session } = await client.call('createSession', {});
    await redis.admin.set(`session:${session?.handle ?? ''}`, 'damaged');

    const calls = 200;
    for (let call = 0; call < calls; call += 1)
      expect(await failureOf(client.call('getSession', { token }))).toMatchObject({ reason: 'INTERNAL' });
    await untilCounted(sidecar, 'call failed', calls);
    const lines = sidecar.log().filter(({ msg }) => msg === 'call failed');
    const suppressed = lines.reduce((sum, line) => sum + Number(line['suppressed'] ?? 0), 0);
    expect((await metricsOf(sidecar)).value('session_sidecar_log_lines_suppressed_total')).toBe(suppressed);
    // The first few of each interval, of which a slow machine may need more than one.
    expect(lines.length).toBeLessThan(calls / 4);
    expect(lines.slice(0, maxLines)).toEqual(
      Array.from({ length: maxLines }, () => expect.objectContaining({ level: 'error', method: 'GetSession' })),
    );
  });

  test.concurrent('is logged a few times, and then counted, without what was sent: metadata that gRPC does not allow', async () => {
    const sidecar = await stack.process({ settings: { LOG_RATE_LIMIT: String(maxLines) } });
    const session = connect(`http://${sidecar.address}`);
    stack.defer(() => session.destroy());
    const calls = 50;
    for (let call = 0; call < calls; call += 1) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
        authorization: 'Bearer MARKsecret\u00e9',
      });
      stream.end(Buffer.alloc(5));
      stream.resume();
      await once(stream, 'close');
    }
    const { stderr, stdout } = sidecar.output();
    expect(stderr).toBe('');
    expect(stdout).not.toContain('MARK');
    const lines = sidecar.log().filter(({ msg }) => msg === 'illegal metadata ignored');
    expect(lines.length).toBeLessThan(calls / 2);
    await untilCounted(sidecar, 'illegal metadata ignored', calls);
  });
});
