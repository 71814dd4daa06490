import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import onHeaders from 'on-headers';
import { rememberProperties } from './own-properties';

export interface GateHooks {
  /**
   * Called once, when the response's headers are about to be sent. The response is held until the returned promise resolves;
   * `undefined` sends it at once.
   */
  beforeHeaders(status: number): Promise<void> | undefined;
  /** Called once, right before headers are sent, whether the application's or those of the error's response. May set some. */
  onHeaders(): void;
  /** Called when the response ends after its headers were sent. Its end is held as with `beforeHeaders`. */
  beforeEnd(): Promise<void> | undefined;
  /**
   * Called when a promise was rejected, or a held call turned out to be invalid. The response was discarded: headers and
   * status are as they were when the gate was installed, and another response can be sent, without any gate. If the headers
   * were sent already, the connection is closed instead, so that the response is not mistaken for a complete one.
   *
   * Where the application had not yet called `end` on the discarded response, another one is sent from within the asynchronous
   * context of this call; or from another one, such as that of a connection pool, once that has set the status or a header.
   */
  onError(error: unknown): void;
}

/** Every way to send something. Not among them: 1xx responses, which may pass, and destroy(), which sends nothing. */
const methods = ['writeHead', 'write', 'end', 'flushHeaders'] as const;
type Method = (typeof methods)[number];
interface Call {
  readonly method: Method;
  readonly args: unknown[];
}
type Methods = Record<Method, (...args: unknown[]) => unknown>;

/** What the gate does with the application's calls. See {@link ResponseGate}. */
type State =
  | { readonly name: 'untouched' | 'beginning' | 'streaming' | 'passing' }
  | { readonly name: 'holding'; readonly calls: Call[]; heldBytes: number }
  | { readonly name: 'discarding'; readonly error: unknown };

/** The response whose error is being handled: distinguishes the calls of its handlers from those of the application. */
const handlingErrorOf = new AsyncLocalStorage<ServerResponse>();

/**
 * Puts itself between the application and a response, so that asynchronous work can be done before the headers are sent. What
 * the application sends meanwhile is kept in order and sent afterwards. `write` returns false once a buffer's worth is kept,
 * and `headersSent` and `writableEnded` are what they would be without the gate. The application can notice two things:
 * headers and status can still be changed while the response is held, and a held call that is invalid does not throw but goes
 * to `onError`.
 */
export function installGate(res: ServerResponse, hooks: GateHooks): void {
  const gate = new ResponseGate(res, hooks);
  if (gateOf in res) return replaceMethods(res, (call) => gate.receive(call));
  Object.defineProperty(res, gateOf, { value: gate });
  Object.assign(res, gatedMethods);
}

/** The first gate of a response. */
const gateOf = Symbol('gate');
/** Set once the application has called `end` on a response. */
const wasEndCalled = Symbol('wasEndCalled');

interface Gated {
  readonly [gateOf]: ResponseGate;
  [wasEndCalled]?: boolean;
}

/**
 * Shared by all responses: where each had functions or getters of its own, V8 would keep finished responses alive until the next
 * collection of the old generation, along with everything that they refer to.
 */
const gatedMethods = Object.fromEntries(
  methods.map((method) => [
    method,
    function (this: Gated, ...args: unknown[]): unknown {
      return this[gateOf].receive({ method, args });
    },
  ]),
);

/** What a response that is held pretends. Shared, as {@link gatedMethods} are. */
const pretended: PropertyDescriptorMap & ThisType<Gated> = {
  headersSent: { configurable: true, get: () => true },
  writableEnded: {
    configurable: true,
    get() {
      return this[wasEndCalled] === true;
    },
  },
};

/**
 * - `untouched`: nothing was sent. The first call makes it `beginning`.
 * - `beginning`: the next call runs `beforeHeaders`. Then the state is `streaming`, or `passing` if the call was `end`.
 * - `streaming`: calls pass. The `end` of a response whose headers were sent runs `beforeEnd`. Then the state is `passing`.
 * - `holding`: while the promise of a hook is pending, calls are kept. Then they are received again, in the state that follows.
 * - `passing`: calls pass.
 * - `discarding`: a hook or a held call has failed. Calls have no effect, and the error has its own response.
 */
class ResponseGate {
  readonly #res: ServerResponse & Partial<Gated>;
  readonly #hooks: GateHooks;
  readonly #original: Methods;
  readonly #headersAtStart: readonly (readonly [name: string, value: number | string | string[]])[];
  readonly #uninstall: () => void;
  /** What is piped into the response. */
  readonly #sources = new Set<Partial<Readable>>();
  #state: State = { name: 'untouched' };
  /** Whether the error's response is sent from another asynchronous context than that of `onError`. */
  #isAnsweredElsewhere = false;

  constructor(res: ServerResponse, hooks: GateHooks) {
    this.#res = res;
    this.#hooks = hooks;
    onHeaders(res, () => hooks.onHeaders());
    this.#uninstall = rememberProperties(res, [...methods, 'on', 'headersSent', 'writableEnded']);
    this.#headersAtStart = res.getHeaderNames().map((name) => [name, res.getHeader(name)!] as const);
    this.#original = methodsOf(res);
    res.on('pipe', (source: Readable) => this.#sources.add(source));
  }

  receive(call: Call): unknown {
    if (call.method === 'end') this.#res[wasEndCalled] = true;
    return this.#receive(call);
  }

  #receive(call: Call): unknown {
    switch (this.#state.name) {
      case 'untouched':
        this.#state = { name: 'beginning' };
        // As Node.js does it, so that middleware on top of the gate sees writeHead() before flushHeaders().
        if (call.method === 'flushHeaders') this.#res.writeHead(this.#res.statusCode);
        return this.#receive(call);
      case 'beginning':
        return this.#begin(call);
      case 'streaming':
        return call.method === 'end' && this.#res.headersSent ? this.#end(call) : this.#pass(call);
      case 'holding':
        return this.#keep(call, this.#state);
      case 'passing':
        return this.#pass(call);
      case 'discarding':
        return this.#discard(call, this.#state.error);
    }
  }

  #begin(first: Call): unknown {
    const status = first.method === 'writeHead' ? Number(first.args[0]) : this.#res.statusCode;
    this.#state = { name: first.method === 'end' ? 'passing' : 'streaming' };
    const work = attempt(() => this.#hooks.beforeHeaders(status));
    return work ? this.#hold(first, work, { name: 'streaming' }) : this.#pass(first);
  }

  #end(call: Call): unknown {
    this.#state = { name: 'passing' };
    const work = attempt(() => this.#hooks.beforeEnd());
    return work ? this.#hold(call, work, { name: 'passing' }) : this.#pass(call);
  }

  #pass({ method, args }: Call): unknown {
    return this.#original[method].apply(this.#res, args);
  }

  #hold(first: Call, work: Promise<void>, next: State): unknown {
    const res = this.#res;
    const held = { name: 'holding', calls: [] as Call[], heldBytes: 0 } as const satisfies State;
    this.#state = held;
    const stopPretending = rememberProperties(res, ['headersSent', 'writableEnded']);
    Object.defineProperties(res, pretended);
    work
      .then(() => {
        stopPretending();
        this.#state = next;
        for (let call; (call = held.calls.shift());) this.#receive(call);
        // Where Node.js throws the pieces away, as for HEAD, it never asks for a pause and so never ends one.
        if (this.#isFull(held) && !res.writableNeedDrain && !res.writableEnded) res.emit('drain');
      })
      .catch((error: unknown) => this.#fail(error, held.calls));
    return this.#receive(first);
  }

  #keep(call: Call, held: State & { name: 'holding' }): unknown {
    held.calls.push(call);
    if (call.method === 'write') held.heldBytes += byteLength(call.args);
    return this.#answer(call.method, this.#isFull(held) ? 'pause' : 'go-on');
  }

  #isFull({ heldBytes }: { readonly heldBytes: number }): boolean {
    return heldBytes >= this.#res.writableHighWaterMark;
  }

  #fail(error: unknown, calls: readonly Call[]): void {
    const res = this.#res;
    // Also what was put on top of the gate since, for example by compression(): it belongs to the discarded response.
    this.#uninstall();
    this.#state = { name: 'discarding', error };
    for (const call of calls) this.#receive(call);
    // Otherwise they would resume at a 'drain' of the error's response, in the middle of it.
    for (const source of this.#sources) source.unpipe?.(res);
    if (res.headersSent) cutOff(res);
    else this.#resetHeaders();
    if (res[wasEndCalled]) return this.#hooks.onError(error);
    // The application may still be sending the discarded response. Only calls made by onError pass.
    this.#watchHead();
    replaceMethods(res, (call) => {
      if (call.method === 'writeHead') this.#noticeHead();
      return this.#isHandlingError() ? this.#pass(call) : this.#receive(call);
    });
    handlingErrorOf.run(res, () => this.#hooks.onError(error));
  }

  #isHandlingError(): boolean {
    const res = this.#res;
    return handlingErrorOf.getStore() === res || (this.#isAnsweredElsewhere && !res.writableEnded);
  }

  /** The application has sent status and headers of the discarded response: only the error's response has reason to set any. */
  #noticeHead(): void {
    if (handlingErrorOf.getStore() !== this.#res) this.#isAnsweredElsewhere = true;
  }

  #watchHead(): void {
    let { statusCode } = this.#res;
    const setHeader = this.#res.setHeader.bind(this.#res);
    const setStatusCode = (code: number): void => {
      this.#noticeHead();
      statusCode = code;
    };
    const watchedSetHeader = (...args: Parameters<typeof setHeader>): ServerResponse => {
      this.#noticeHead();
      return setHeader(...args);
    };
    Object.defineProperties(this.#res, {
      setHeader: { configurable: true, writable: true, value: watchedSetHeader },
      statusCode: { configurable: true, enumerable: true, get: () => statusCode, set: setStatusCode },
    });
  }

  #resetHeaders(): void {
    const res = this.#res;
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    for (const [name, value] of this.#headersAtStart) res.setHeader(name, value);
    res.statusCode = 200;
    // HTTP/2 has none, and warns.
    if (Object.hasOwn(res, 'statusMessage')) res.statusMessage = '';
  }

  #discard({ method, args }: Call, error: unknown): unknown {
    const callback = args.at(-1);
    if (typeof callback === 'function') process.nextTick(callback, error);
    return this.#answer(method, 'pause');
  }

  /** Calls that are kept or discarded return what they would return on a response that is sent. */
  #answer(method: Method, writer: 'go-on' | 'pause'): unknown {
    return { writeHead: this.#res, write: writer === 'go-on', end: this.#res, flushHeaders: undefined }[method];
  }
}

/** Closes the connection, or the stream of HTTP/2, so that the response is not mistaken for a complete one. */
export function cutOff(res: ServerResponse): void {
  // HTTP/2 would end the stream without an error.
  if ('stream' in res) res.destroy(new Error('The response was cut off.'));
  else res.destroy();
}

function methodsOf(res: ServerResponse): Methods {
  const { writeHead, write, end, flushHeaders } = res as unknown as Methods;
  return { writeHead, write, end, flushHeaders };
}

function replaceMethods(res: ServerResponse, receive: (call: Call) => unknown): void {
  const replaced = res as unknown as Methods;
  for (const method of methods) replaced[method] = passing(method, receive);
}

function passing(method: Method, receive: (call: Call) => unknown): (...args: unknown[]) => unknown {
  return (...args) => receive({ method, args });
}

/** Turns a throw into a rejection, so that both are handled in one place. */
function attempt(work: () => Promise<void> | undefined): Promise<void> | undefined {
  try {
    return work();
  } catch (error) {
    return Promise.resolve().then(() => {
      throw error;
    });
  }
}

/** The size of the chunk among the arguments of `write`. */
function byteLength([chunk, encoding]: readonly unknown[]): number {
  if (typeof chunk !== 'string') return (chunk as Partial<Uint8Array> | null)?.byteLength ?? 0;
  return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined);
}
