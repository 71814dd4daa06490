import { expect, test } from '@jest/globals';
import { listenError } from '../../../server/src/http/listen-error';

const cause = (code: string, message = `listen ${code}`) => Object.assign(new Error(message), { code });

test.each([
  ['EADDRINUSE', 'the address is in use (EADDRINUSE). Stop the process that listens there, or choose another port.'],
  ['EACCES', 'permission denied (EACCES). Choose a port from 1024 up.'],
  ['EUNHEARDOF', 'listen EUNHEARDOF'],
])('%s is explained in one line that names the setting', (code, why) => {
  const error = listenError('SESSION_SIDECAR_HTTP_ADDRESS', ':80', cause(code));
  expect(error.message).toBe(`Cannot listen on :80 (SESSION_SIDECAR_HTTP_ADDRESS): ${why}`);
  expect(error.cause).toMatchObject({ code });
});
