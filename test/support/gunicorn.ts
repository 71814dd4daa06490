/** The arguments of Python that serve a WSGI application, `module:name`, with gunicorn on a free port. */
export function gunicorn(app: string, { workers = 1, threads = 1 } = {}): readonly string[] {
  const sizes = ['--workers', String(workers), '--threads', String(threads)];
  return ['-m', 'gunicorn', '--bind', '127.0.0.1:0', '--timeout', '120', ...sizes, app];
}
