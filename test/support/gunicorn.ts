/**
 * The arguments of Python that serve a WSGI application, `module:name`, with gunicorn on a free port. It closes idle
 * connections after two seconds by default, while fetch may be sending the next request over one.
 */
export function gunicorn(app: string, { workers = 1, threads = 1, preload = false } = {}): readonly string[] {
  const sizes = ['--workers', String(workers), '--threads', String(threads), ...(preload ? ['--preload'] : [])];
  const patience = ['--timeout', '120', '--keep-alive', '75'];
  return ['-m', 'gunicorn', '--bind', '127.0.0.1:0', ...patience, ...sizes, app];
}
