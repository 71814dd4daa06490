import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import onHeaders from 'on-headers';

export interface GateHooks {
  /**
   * Called once, when the response's headers would leave. The response is held until the returned promise resolves;
   * `undefined`: it goes on at once.
   */
  beforeHeaders(status: number): Promise<void> | undefined;
  /** Called once, right before headers leave, whether the application's or those of the error's response. May set some. */
  onHeaders(): void;
  /** Called when the response ends after its headers have left. Its end is held as with `beforeHeaders`. */
  beforeEnd(): Promise<void> | undefined;
  /**
   * Called instead of going on when a promise was rejected or what was held turned out to be no valid response. The
   * response was discarded: headers and status are as they were when the gate was installed, and another response can be
   * sent, without any gate. If the headers have left, the connection is closed, so that nobody takes the response for whole.
   *
   * Where the application had not yet called `end` on the discarded response, another one gets out only if it is sent
   * within the asynchronous context of this call.
   */
  onError(error: unknown): void;
}

/** Every way to send something. What is left are 1xx responses, which may pass, and destroy(), which sends nothing. */
const methods = ['writeHead', 'write', 'end', 'flushHeaders'] as const;
type Method = (typeof methods)[number];
interface Call {
  readonly method: Method;
  readonly args: unknown[];
}
type Methods = Record<Method, (...args: unknown[]) => unknown>;
type Receiver = (call: Call) => unknown;

/** The response whose error is being handled: what tells the calls of its handlers from those of the discarded response. */
const handlingErrorOf = new AsyncLocalStorage<ServerResponse>();

/**
 * Puts itself between the application and a response, so that asynchronous work can be done before the headers leave. What
 * the application sends meanwhile is kept in order and sent afterwards; `write` asks for a pause when a buffer's worth is
 * kept, and `headersSent` and `writableEnded` say what they would say without the gate. What the application can notice:
 * headers and status can still be changed while the response is held, and what is wrong with a held call is told by
 * `onError` instead of thrown.
 */
export function installGate(res: ServerResponse, hooks: GateHooks): void {
  onHeaders(res, () => hooks.onHeaders());
  const uninstall = rememberProperties(res, [...methods, 'on', 'headersSent', 'writableEnded']);
  const headersAtStart = res.getHeaderNames().map((name) => [name, res.getHeader(name)!] as const);
  const original = methodsOf(res);
  const sources = new Set<Partial<Readable>>();
  res.on('pipe', (source: Readable) => sources.add(source));
  let ended = false;

  let receive: Receiver = (first) => {
    receive = begin;
    // As Node.js does it, so that what was put on top of the gate learns of the headers before it is told that they are sent.
    if (first.method === 'flushHeaders') res.writeHead(res.statusCode);
    return receive(first);
  };

  function begin(first: Call): unknown {
    const status = first.method === 'writeHead' ? Number(first.args[0]) : res.statusCode;
    receive = first.method === 'end' ? pass : passUntilEnd;
    const work = attempt(() => hooks.beforeHeaders(status));
    return work ? hold(first, work, passUntilEnd) : pass(first);
  }

  function passUntilEnd(call: Call): unknown {
    if (call.method !== 'end' || !res.headersSent) return pass(call);
    receive = pass;
    const work = attempt(() => hooks.beforeEnd());
    return work ? hold(call, work, pass) : pass(call);
  }

  function pass({ method, args }: Call): unknown {
    return original[method].apply(res, args);
  }

  function hold(first: Call, work: Promise<void>, goOn: Receiver): unknown {
    const calls: Call[] = [];
    let bytes = 0;
    const isFull = () => bytes >= res.writableHighWaterMark;
    receive = (call) => {
      calls.push(call);
      if (call.method === 'write') bytes += byteLength(call.args);
      return answerOf(call.method, !isFull());
    };
    const stopPretending = rememberProperties(res, ['headersSent', 'writableEnded']);
    Object.defineProperty(res, 'headersSent', { configurable: true, get: () => true });
    Object.defineProperty(res, 'writableEnded', { configurable: true, get: () => ended });
    work
      .then(() => {
        stopPretending();
        receive = goOn;
        for (let call; (call = calls.shift());) receive(call);
        // Where Node.js throws the pieces away, as for HEAD, it asks for no pause and so ends none.
        if (isFull() && !res.writableNeedDrain && !res.writableEnded) res.emit('drain');
      })
      .catch((error: unknown) => fail(error, calls));
    return receive(first);
  }

  function fail(error: unknown, calls: readonly Call[]): void {
    // Also what was put on top of the gate since, for example by compression(): it belongs to the discarded response.
    uninstall();
    receive = (call) => discard(call, error);
    for (const call of calls) receive(call);
    // They would go on at a 'drain' that another response's pieces bring about, in the midst of it.
    for (const source of sources) source.unpipe?.(res);
    if (res.headersSent) res.destroy();
    else resetHeaders();
    if (ended) return hooks.onError(error);
    // The application still sends the discarded response and does not know. Only what comes of onError is let through.
    replaceMethods(res, (call) => (handlingErrorOf.getStore() === res ? pass(call) : receive(call)));
    handlingErrorOf.run(res, () => hooks.onError(error));
  }

  function resetHeaders(): void {
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    for (const [name, value] of headersAtStart) res.setHeader(name, value);
    res.statusCode = 200;
    res.statusMessage = '';
  }

  /** What is kept waiting or discarded gets the answers it would get from a response that is sent. */
  function answerOf(method: Method, mayGoOn: boolean): unknown {
    return { writeHead: res, write: mayGoOn, end: res, flushHeaders: undefined }[method];
  }

  function discard({ method, args }: Call, error: unknown): unknown {
    const callback = args.at(-1);
    if (typeof callback === 'function') process.nextTick(callback, error);
    return answerOf(method, false);
  }

  replaceMethods(res, (call) => {
    if (call.method === 'end') ended = true;
    return receive(call);
  });
}

function methodsOf(res: ServerResponse): Methods {
  const { writeHead, write, end, flushHeaders } = res as unknown as Methods;
  return { writeHead, write, end, flushHeaders };
}

function replaceMethods(res: ServerResponse, receive: Receiver): void {
  for (const method of methods) Object.assign(res, { [method]: (...args: unknown[]) => receive({ method, args }) });
}

/** Returns a function that makes an object's own properties what they are now. */
function rememberProperties<Name extends string>(
  object: Partial<Record<Name, unknown>>,
  names: readonly Name[],
): () => void {
  const remembered = names.map((name) => [name, Object.getOwnPropertyDescriptor(object, name)] as const);
  return () => {
    for (const [name, descriptor] of remembered) {
      if (descriptor) Object.defineProperty(object, name, descriptor);
      else Reflect.deleteProperty(object, name);
    }
  };
}

/** Turns a throw into a rejection, so that it ends up where rejections do. */
function attempt(work: () => Promise<void> | undefined): Promise<void> | undefined {
  try {
    return work();
  } catch (error) {
    return Promise.resolve().then(() => {
      throw error;
    });
  }
}

/** How much the arguments of `write` weigh. */
function byteLength([chunk, encoding]: readonly unknown[]): number {
  if (typeof chunk !== 'string') return (chunk as Partial<Uint8Array> | null)?.byteLength ?? 0;
  return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined);
}
