import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, constants, createServer } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface Http2Gateway {
  readonly forward: RequestListener;
  close(): void;
}

/** Serves a listener by HTTP/2, and forwards requests of HTTP/1.1 to it, which is what `fetch` speaks. */
export async function http2Gateway(listener: RequestListener): Promise<Http2Gateway> {
  const compatible = listener as unknown as (req: Http2ServerRequest, res: Http2ServerResponse) => void;
  const server = createServer(compatible).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    forward(req, res) {
      const { host, connection: _, 'transfer-encoding': __, ...headers } = req.headers;
      const own = { ':method': req.method, ':path': req.url, ':authority': host };
      const stream = session.request({ ...headers, ...own });
      req.pipe(stream);
      stream.on('response', ({ ':status': status, ...answered }) => {
        res.writeHead(Number(status), answered);
        stream.pipe(res, { end: false });
      });
      stream.on('error', () => res.destroy());
      stream.on('close', () => (res.headersSent && isWhole(stream.rstCode) ? res.end() : res.destroy()));
      res.on('close', () => stream.close(constants.NGHTTP2_CANCEL));
    },
    close() {
      session.destroy();
      server.close();
    },
  };
}

function isWhole(rstCode: number | undefined): boolean {
  return rstCode === undefined || rstCode === constants.NGHTTP2_NO_ERROR;
}
