/** Errors of listening, and what to do about them. */
const meanings: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  EADDRINUSE: ['the address is in use', 'Stop the process that listens there, or choose another port.'],
  EADDRNOTAVAIL: ['this machine does not have that address', 'Choose one that it has.'],
  EACCES: ['permission denied', 'Choose a port from 1024 up.'],
  EPERM: ['permission denied', 'Choose a port from 1024 up.'],
  ENOTFOUND: ['the host name does not exist', 'Use an IP address.'],
  EAI_AGAIN: ['the host name cannot be resolved now', 'Use an IP address, or check the name server.'],
  EAFNOSUPPORT: ['this machine does not support that kind of address', 'Use an IPv4 address.'],
  EINVAL: ['the address is not valid', 'Choose another one.'],
  EMFILE: ['this process has too many open files', 'Raise its limit (ulimit -n).'],
  ENFILE: ['this machine has too many open files', 'Raise its limit.'],
};

/**
 * Why a process cannot listen, in one line that names the setting.
 *
 * @param setting the variable with the address
 * @param where the address as it was written
 */
export function listenError(setting: string, where: string, cause: NodeJS.ErrnoException): Error {
  const { code = '', message } = cause;
  const [problem, remedy] = meanings[code] ?? [];
  const why = problem === undefined ? message : `${problem} (${code}). ${remedy}`;
  return new Error(`Cannot listen on ${where} (${setting}): ${why}`, { cause });
}
