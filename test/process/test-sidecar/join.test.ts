import { beforeAll, describe, expect, test } from '@jest/globals';
import { startSidecar } from '@session-sidecar/client/testing';
import { stackForAllTests, stackForEachTest } from '../../support/stack';
import { connect, hour, newSession, originOf, setVariables, start } from './fixture';

const shared = stackForAllTests();
const stack = stackForEachTest();

let running: string;
let uncontrolled: string;

beforeAll(async () => {
  ({ address: running } = await shared.process({ settings: { TEST_CONTROL: 'on' } }));
  ({ address: uncontrolled } = await shared.process());
});

describe('startSidecar() with SESSION_SIDECAR_TEST_ADDRESS', () => {
  test('joins that sidecar, moves its clock, and leaves it running', async () => {
    setVariables(stack, { SESSION_SIDECAR_TEST_ADDRESS: running });
    const joined = await start(stack);
    expect(joined.address).toBe(running);
    const sessions = connect(stack, joined);
    const token = await newSession(sessions);
    await joined.advance(hour);
    expect(await originOf(sessions, token)).toBe('not_found');
    await joined.stop();
    await newSession(sessions);
  });

  test('fails if the sidecar does not let tests control it', async () => {
    setVariables(stack, { SESSION_SIDECAR_TEST_ADDRESS: uncontrolled });
    await expect(startSidecar()).rejects.toThrow(
      `SESSION_SIDECAR_TEST_ADDRESS: The session sidecar at ${uncontrolled} does not let tests control it: it needs SESSION_SIDECAR_TEST_CONTROL=on`,
    );
  });

  test.each(['unix:/no/such.sock', 'no address'])('fails if there is none at %s', async (address) => {
    setVariables(stack, { SESSION_SIDECAR_TEST_ADDRESS: address });
    await expect(startSidecar()).rejects.toThrow(
      `SESSION_SIDECAR_TEST_ADDRESS: The session sidecar at ${address} failed: `,
    );
  });

  test('takes no settings, because they could not be applied', async () => {
    setVariables(stack, { SESSION_SIDECAR_TEST_ADDRESS: running });
    await expect(startSidecar({ settings: { IDLE_TIMEOUT: '1h' } })).rejects.toThrow(
      '`settings` cannot be applied to the sidecar that SESSION_SIDECAR_TEST_ADDRESS names: IDLE_TIMEOUT',
    );
  });
});

describe('a sidecar that tests may control', () => {
  test('says so in its log', async () => {
    const { logged } = await stack.process({ settings: { TEST_CONTROL: 'on' } });
    const message = 'SESSION_SIDECAR_TEST_CONTROL is on: every caller can move the clock and delete all sessions';
    expect(await logged(message)).toMatchObject({ level: 'warn' });
  });
});
